using System.Net;
using System.Text.Json;

namespace Virga.Execution.Channel;

/// <summary>The header of a RESULT frame.</summary>
internal readonly record struct ResultHead(int Status, IReadOnlyList<KeyValuePair<string, string>>? Headers, bool Streamed)
{
    /// <summary>Reads the header; an empty one is 200 with JSON.</summary>
    /// <exception cref="WorkerProtocolException">It is no valid RESULT header.</exception>
    public static ResultHead Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return new ResultHead(200, null, Streamed: false);
        }

        var status = 200;
        List<KeyValuePair<string, string>>? headers = null;
        var streamed = false;
        try
        {
            var reader = new Utf8JsonReader(json);
            Expect(ref reader, JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("status"u8))
                {
                    reader.Read();
                    status = reader.GetInt32();
                }
                else if (reader.ValueTextEquals("headers"u8))
                {
                    headers = ReadHeaders(ref reader);
                }
                else if (reader.ValueTextEquals("body"u8))
                {
                    reader.Read();
                    streamed = reader.ValueTextEquals("stream"u8);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new WorkerProtocolException($"The header of a RESULT frame cannot be read: {e.Message}", e);
        }

        if (status is < 100 or > 599)
        {
            throw new WorkerProtocolException($"A RESULT frame has the status {status}; a status is 100 to 599.");
        }

        return new ResultHead(status, headers, streamed);
    }

    private static List<KeyValuePair<string, string>> ReadHeaders(ref Utf8JsonReader reader)
    {
        var headers = new List<KeyValuePair<string, string>>(4);
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            var name = reader.GetString() ?? throw new JsonException("A header has no name.");
            reader.Read();
            var value = reader.GetString() ?? throw new JsonException("A header has no value.");
            Expect(ref reader, JsonTokenType.EndArray);
            if (!IsToken(name) || value.AsSpan().ContainsAnyInRange('\u0000', '\u0008') || value.AsSpan().ContainsAnyInRange('\u000A', '\u001F') || value.Contains('\u007f', StringComparison.Ordinal))
            {
                throw new WorkerProtocolException($"A RESULT frame has the header '{WebUtility.UrlEncode(name)}', whose name or value no HTTP message can carry.");
            }

            headers.Add(new KeyValuePair<string, string>(name, value));
        }

        if (reader.TokenType != JsonTokenType.EndArray)
        {
            throw new JsonException("A header is a list of its name and its value.");
        }

        return headers;
    }

    private static bool IsToken(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return name.Length > 0;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException($"{type} expected.");
        }
    }
}
