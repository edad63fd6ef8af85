using System.Collections;

namespace Virga.Functions;

/// <summary>The headers of a <see cref="Response"/>, in order; a name may be added more than once.</summary>
public sealed class HeaderCollection : IReadOnlyCollection<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> headers = [];

    /// <summary>How many headers there are.</summary>
    public int Count => headers.Count;

    /// <summary>The last value of that name, found in any case. Setting it replaces every header of that name.</summary>
    /// <param name="name">The header's name.</param>
    public string? this[string name]
    {
        get => headers.FindLast(header => IsNamed(header, name)).Value;
        set
        {
            headers.RemoveAll(header => IsNamed(header, name));
            if (value is not null)
            {
                headers.Add(new(name, value));
            }
        }
    }

    /// <summary>Adds a header and keeps those of the same name.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">The header's value.</param>
    public void Add(string name, string value) => headers.Add(new(name, value));

    /// <summary>Names and values in order.</summary>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => headers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool IsNamed(KeyValuePair<string, string> header, string name) =>
        string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase);
}
