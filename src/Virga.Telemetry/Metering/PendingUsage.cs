using System.Runtime.InteropServices;
using System.Text;

namespace Virga.Telemetry.Metering;

/// <summary>Sums that wait to be added to their hours. Not thread-safe.</summary>
internal sealed class PendingUsage
{
    private const int MaxNames = 20_000;

    private readonly Dictionary<UsageKey, UsageSums> _sums = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>The sums.</summary>
    public IReadOnlyDictionary<UsageKey, UsageSums> Sums => _sums;

    /// <summary>How many hours of versions are summed up.</summary>
    public int Count => _sums.Count;

    /// <summary>Adds an entry of the journal.</summary>
    public void Add(ReadOnlySpan<byte> name, in MeterEntry entry)
    {
        Span<char> text = stackalloc char[name.Length];
        Encoding.ASCII.GetChars(name, text);
        SumsOf(new UsageKey(Intern(text), entry.Version, entry.Hour)).Add(entry);
    }

    /// <summary>Adds an entry, unless it begins a sum beyond so many.</summary>
    public bool TryAdd(string name, in MeterEntry entry, int maxSums)
    {
        var key = new UsageKey(name, entry.Version, entry.Hour);
        if (_sums.Count >= maxSums && !_sums.ContainsKey(key))
        {
            return false;
        }

        SumsOf(key).Add(entry);
        return true;
    }

    /// <summary>Takes over all of another's sums.</summary>
    public void Take(PendingUsage other)
    {
        foreach (var (key, sums) in other._sums)
        {
            SumsOf(key).Add(sums);
        }

        other.Clear();
    }

    /// <summary>Forgets all sums.</summary>
    public void Clear()
    {
        _sums.Clear();
        if (_names.Count > MaxNames)
        {
            _names.Clear();
        }
    }

    private ref UsageSums SumsOf(UsageKey key) => ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, key, out _);

    // One string per function, not one per call.
    private string Intern(ReadOnlySpan<char> text)
    {
        if (_names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var known))
        {
            return known;
        }

        var made = text.ToString();
        _names.Add(made);
        return made;
    }
}
