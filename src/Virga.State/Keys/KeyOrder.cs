using System.Text;

namespace Virga.State.Keys;

/// <summary>
/// The order of keys: that of their code points, which is that of their bytes in UTF-8, and so what SQLite and PostgreSQL (collation "C") sort by. .NET's ordinal order
/// differs from it where characters beyond U+FFFF meet those from U+E000 on.
/// </summary>
public static class KeyOrder
{
    /// <summary>Compares two keys, or prefixes.</summary>
    public static int Compare(string a, string b)
    {
        var length = a.AsSpan().CommonPrefixLength(b);
        return length < a.Length && length < b.Length ? Rank(a[length]).CompareTo(Rank(b[length])) : a.Length.CompareTo(b.Length);
    }

    /// <summary>The least text that is greater than all that begin with a prefix; null when there is none.</summary>
    public static string? EndOf(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToList();
        while (runes.Count > 0)
        {
            var last = runes[^1].Value;
            runes.RemoveAt(runes.Count - 1);
            if (last < 0x10FFFF)
            {
                // No code point is between the last before the surrogates and the first after them.
                runes.Add(new Rune(last == 0xD7FF ? 0xE000 : last + 1));
                return string.Concat(runes);
            }
        }

        return null;
    }

    // Surrogates stand for code points beyond U+FFFF: they come after all other units.
    private static int Rank(char unit) => unit < 0xD800 ? unit : unit >= 0xE000 ? unit - 0x800 : unit + 0x2000;
}
