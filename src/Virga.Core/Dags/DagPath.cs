using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Virga.Core.Dags;

/// <summary>Where in a JSON value a condition looks: <c>$</c>, then members <c>.name</c> or <c>['any name']</c> and elements <c>[0]</c>.</summary>
internal sealed class DagPath
{
    private const int MaxSegments = 32;

    private readonly (byte[]? Member, int Element)[] _segments;

    private DagPath(string text, List<(byte[]?, int)> segments)
    {
        Text = text;
        _segments = [.. segments];
    }

    /// <summary>As the user wrote it.</summary>
    public string Text { get; }

    /// <summary>Reads a path; null when it cannot be one.</summary>
    public static DagPath? TryParse(string? text)
    {
        if (text is not ['$', ..])
        {
            return null;
        }

        var segments = new List<(byte[]?, int)>();
        var place = 1;
        while (place < text.Length)
        {
            var rest = text.AsSpan(place);
            if (segments.Count == MaxSegments || (rest[0] == '.' ? ReadName(rest) : ReadBracket(rest)) is not { } segment)
            {
                return null;
            }

            segments.Add((segment.Member, segment.Element));
            place += segment.Length;
        }

        return new DagPath(text, segments);
    }

    /// <summary>Moves a reader from the beginning of a document to the value; false when there is none.</summary>
    /// <exception cref="JsonException">What comes before it is no JSON.</exception>
    public bool Find(ref Utf8JsonReader reader)
    {
        reader.Read();
        foreach (var (member, element) in _segments)
        {
            if (!(member is not null ? ToMember(ref reader, member) : ToElement(ref reader, element)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ToMember(ref Utf8JsonReader reader, byte[] member)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(member);
            reader.Read();
            if (found)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool ToElement(ref Utf8JsonReader reader, int element)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == element)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static (byte[]? Member, int Element, int Length)? ReadName(ReadOnlySpan<char> rest)
    {
        var length = 1;
        while (length < rest.Length && (char.IsLetterOrDigit(rest[length]) || rest[length] is '_' or '-'))
        {
            length++;
        }

        return length > 1 ? (Utf8(rest[1..length]), 0, length) : null;
    }

    private static (byte[]? Member, int Element, int Length)? ReadBracket(ReadOnlySpan<char> rest)
    {
        if (rest is ['[', '\'', ..])
        {
            var quote = rest[2..].IndexOf("']");
            return quote < 0 ? null : (Utf8(rest.Slice(2, quote)), 0, quote + 4);
        }

        var end = rest.IndexOf(']');
        return rest[0] == '[' && end > 1 && int.TryParse(rest[1..end], NumberStyles.None, CultureInfo.InvariantCulture, out var element) ? (null, element, end + 1) : null;
    }

    private static byte[] Utf8(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
