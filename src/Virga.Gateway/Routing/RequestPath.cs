using System.Buffers;
using System.Text;

namespace Virga.Gateway.Routing;

/// <summary>
/// A request's path, split at its slashes and then percent-decoded segment by segment, so that an escaped slash stays inside its segment.
/// Reused from request to request; a path without escapes is split in place.
/// </summary>
internal sealed class RequestPath
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private (int Start, int Length)[] _segments = new (int, int)[8];

    /// <summary>The decoded segments with a slash before each.</summary>
    public string Text { get; private set; } = "/";

    /// <summary>How many segments there are: 1 for <c>/</c>, the empty one.</summary>
    public int Count { get; private set; }

    /// <summary>A segment, decoded.</summary>
    public ReadOnlySpan<char> this[int index]
    {
        get
        {
            var (start, length) = _segments[index];
            return Text.AsSpan(start, length);
        }
    }

    /// <summary>A segment and all that follows it, slashes included.</summary>
    public ReadOnlySpan<char> From(int index) => Text.AsSpan(_segments[index].Start);

    /// <summary>Reads a path that has no escapes, and whose dot segments are resolved.</summary>
    public void Read(string decoded)
    {
        Text = decoded;
        Count = 0;
        var start = 1;
        while (true)
        {
            var length = decoded.AsSpan(start).IndexOf('/');
            if (length < 0)
            {
                Add(start, decoded.Length - start);
                return;
            }

            Add(start, length);
            start += length + 1;
        }
    }

    /// <summary>Reads a path as the client sent it; on failure the error says what is wrong with it.</summary>
    public string? ReadEscaped(ReadOnlySpan<char> raw)
    {
        Count = 0;
        if (raw.IsEmpty || raw[0] != '/')
        {
            return "The request's path does not begin with '/'.";
        }

        var text = new StringBuilder(raw.Length);
        foreach (var range in raw[1..].Split('/'))
        {
            var isLast = range.End.GetOffset(raw.Length - 1) == raw.Length - 1;
            var start = text.Length + 1;
            text.Append('/');
            if (!TryDecode(raw[1..][range], text))
            {
                return "The request's path has a percent escape that is malformed, is not UTF-8, or is the character NUL.";
            }

            Add(start, text.Length - start);
            ResolveDots(text, isLast);
        }

        Text = text.ToString();
        return null;
    }

    private static bool TryDecode(ReadOnlySpan<char> raw, StringBuilder text)
    {
        if (!raw.Contains('%'))
        {
            text.Append(raw);
            return true;
        }

        // A decoded segment has at most as many bytes as the raw one has characters in UTF-8.
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(raw.Length));
        try
        {
            var count = 0;
            for (var i = 0; i < raw.Length; i++)
            {
                if (raw[i] != '%')
                {
                    count += Encoding.UTF8.GetBytes(raw.Slice(i, 1), bytes.AsSpan(count));
                    continue;
                }

                if (i + 2 >= raw.Length || !char.IsAsciiHexDigit(raw[i + 1]) || !char.IsAsciiHexDigit(raw[i + 2]))
                {
                    return false;
                }

                var value = byte.Parse(raw.Slice(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture);
                if (value == 0)
                {
                    return false;
                }

                bytes[count++] = value;
                i += 2;
            }

            text.Append(StrictUtf8.GetString(bytes, 0, count));
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    // RFC 3986, section 5.2.4: "." goes away and ".." takes the segment before it along; as the last one either leaves an empty segment.
    private void ResolveDots(StringBuilder text, bool isLast)
    {
        var (start, length) = _segments[Count - 1];
        var isDot = length == 1 && text[start] == '.';
        var isDoubleDot = length == 2 && text[start] == '.' && text[start + 1] == '.';
        if (!isDot && !isDoubleDot)
        {
            return;
        }

        Count--;
        text.Length = start - 1;
        if (isDoubleDot && Count > 0)
        {
            Count--;
            text.Length = _segments[Count].Start - 1;
        }

        if (isLast)
        {
            text.Append('/');
            Add(text.Length, 0);
        }
    }

    private void Add(int start, int length)
    {
        if (Count == _segments.Length)
        {
            Array.Resize(ref _segments, Count * 2);
        }

        _segments[Count++] = (start, length);
    }
}
