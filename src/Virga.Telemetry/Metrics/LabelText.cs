namespace Virga.Telemetry.Metrics;

/// <summary>Writes labels as the Prometheus text format wants them, without allocation: the text is also the key of a series.</summary>
internal static class LabelText
{
    /// <summary>The greatest length of one series' labels, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>Makes the text for one label.</summary>
    public static string Of(string name, string value)
    {
        Span<char> text = stackalloc char[MaxLength];
        return TryAppend(text, 0, name, value, out var length) ? new string(text[..length]) : throw new ArgumentException("The label is too long.", nameof(value));
    }

    /// <summary>Writes the labels of a measurement; false when they are too long.</summary>
    public static bool TryWrite(Span<char> text, ReadOnlySpan<KeyValuePair<string, object?>> tags, bool hideValues, out int length)
    {
        length = 0;
        foreach (var (name, value) in tags)
        {
            if (!TryAppend(text, length, name, hideValues ? MetricFamily.Overflow : ValueText(value), out length))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes a name out of one that may hold characters which Prometheus does not take.</summary>
    public static string Name(string name) =>
        string.Create(name.Length, name, static (text, name) =>
        {
            for (var i = 0; i < name.Length; i++)
            {
                text[i] = IsNameChar(name[i], i) ? name[i] : '_';
            }
        });

    private static string ValueText(object? value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };

    private static bool IsNameChar(char c, int index) => char.IsAsciiLetter(c) || c == '_' || (index > 0 && char.IsAsciiDigit(c));

    private static bool TryAppend(Span<char> text, int at, string name, string value, out int length)
    {
        length = at;
        // At worst every character of the value is escaped.
        if (text.Length - at < name.Length + (2 * value.Length) + 4)
        {
            return false;
        }

        if (at > 0)
        {
            text[length++] = ',';
        }

        for (var i = 0; i < name.Length; i++)
        {
            text[length++] = IsNameChar(name[i], i) ? name[i] : '_';
        }

        text[length++] = '=';
        text[length++] = '"';
        foreach (var c in value)
        {
            if (c is '\\' or '"' or '\n')
            {
                text[length++] = '\\';
            }

            text[length++] = c == '\n' ? 'n' : c;
        }

        text[length++] = '"';
        return true;
    }
}
