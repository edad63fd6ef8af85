using System.Collections;

namespace Virga.Functions;

/// <summary>Named strings in the order in which they were sent; a name may come more than once.</summary>
public sealed class ValueCollection : IReadOnlyCollection<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> values;
    private readonly StringComparison comparison;

    internal ValueCollection(List<KeyValuePair<string, string>> values, StringComparison comparison)
    {
        this.values = values;
        this.comparison = comparison;
    }

    /// <summary>How many values there are.</summary>
    public int Count => values.Count;

    /// <summary>The last value of that name; <see langword="null"/> when there is none.</summary>
    /// <param name="name">The name.</param>
    public string? this[string name]
    {
        get
        {
            for (int i = values.Count - 1; i >= 0; i--)
            {
                if (string.Equals(values[i].Key, name, comparison))
                {
                    return values[i].Value;
                }
            }

            return null;
        }
    }

    /// <summary>Every value of that name, in order.</summary>
    /// <param name="name">The name.</param>
    public IReadOnlyList<string> All(string name) =>
        [.. values.Where(value => string.Equals(value.Key, name, comparison)).Select(value => value.Value)];

    /// <summary>Whether the name is there at all.</summary>
    /// <param name="name">The name.</param>
    public bool Contains(string name) => this[name] is not null;

    /// <summary>Names and values in order.</summary>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static ValueCollection FromQuery(string query)
    {
        var parsed = new List<KeyValuePair<string, string>>();
        foreach (Range range in query.AsSpan().Split('&'))
        {
            ReadOnlySpan<char> pair = query.AsSpan()[range];
            if (pair.IsEmpty)
            {
                continue;
            }

            int equals = pair.IndexOf('=');
            parsed.Add(equals < 0
                ? new(Decode(pair), string.Empty)
                : new(Decode(pair[..equals]), Decode(pair[(equals + 1)..])));
        }

        return new ValueCollection(parsed, StringComparison.Ordinal);
    }

    private static string Decode(ReadOnlySpan<char> encoded)
    {
        if (encoded.IndexOfAny('%', '+') < 0)
        {
            return encoded.ToString();
        }

        return Uri.UnescapeDataString(encoded.ToString().Replace('+', ' '));
    }
}
