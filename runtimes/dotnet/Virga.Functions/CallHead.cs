using System.Text;
using System.Text.Json;

namespace Virga.Functions;

/// <summary>The header of a call: one pass finds where its members are, and each is decoded when it is asked for.</summary>
internal sealed class CallHead
{
    private readonly ReadOnlyMemory<byte> json;
    private Slice id;
    private Slice trigger;
    private Slice method;
    private Slice path;
    private Slice query;
    private Slice traceParent;
    private Slice parameters;
    private Slice headers;
    private Slice references;

    /// <exception cref="JsonException">The header is no JSON object.</exception>
    public CallHead(ReadOnlyMemory<byte> json)
    {
        this.json = json;
        Scan();
    }

    public string Id => field ??= Decode(id);

    public string Trigger => field ??= trigger.Length == 0 ? "http" : Decode(trigger);

    public string Method => field ??= Decode(method);

    public string Path => field ??= Decode(path);

    public string Query => field ??= Decode(query);

    public string? TraceParent => traceParent.Length == 0 ? null : field ??= Decode(traceParent);

    /// <summary>Unix milliseconds.</summary>
    public long? Deadline { get; private set; }

    public int Attempt { get; private set; } = 1;

    /// <summary>The body comes in frames of its own.</summary>
    public bool BodyIsStreamed { get; private set; }

    public bool IsWebSocket => Span(trigger).SequenceEqual("websocket"u8);

    /// <summary>The body has references to keys of shared state.</summary>
    public bool HasReferences => references.Length > "[]".Length;

    /// <summary>The keys that the body refers to.</summary>
    public string[] ReadReferences() => JsonSerializer.Deserialize(Span(references), (System.Text.Json.Serialization.Metadata.JsonTypeInfo<string[]>)FunctionJson.TypeInfo(typeof(string[]))) ?? [];

    public ValueCollection ReadParams()
    {
        var values = new List<KeyValuePair<string, string>>();
        if (parameters.Length > 0)
        {
            var reader = new Utf8JsonReader(Span(parameters));
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                values.Add(new(name, reader.GetString()!));
            }
        }

        return new ValueCollection(values, StringComparison.Ordinal);
    }

    public ValueCollection ReadHeaders()
    {
        var values = new List<KeyValuePair<string, string>>();
        if (headers.Length > 0)
        {
            var reader = new Utf8JsonReader(Span(headers));
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read();
                string name = reader.GetString()!;
                reader.Read();
                values.Add(new(name, reader.GetString()!));
                reader.Read();
            }
        }

        return new ValueCollection(values, StringComparison.OrdinalIgnoreCase);
    }

    private void Scan()
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            if (name.SequenceEqual("deadline"u8))
            {
                reader.Read();
                Deadline = reader.GetInt64();
            }
            else if (name.SequenceEqual("attempt"u8))
            {
                reader.Read();
                Attempt = reader.GetInt32();
            }
            else if (name.SequenceEqual("body"u8))
            {
                reader.Read();
                BodyIsStreamed = reader.ValueTextEquals("stream"u8);
            }
            else if (name.SequenceEqual("params"u8))
            {
                parameters = Skip(ref reader);
            }
            else if (name.SequenceEqual("headers"u8))
            {
                headers = Skip(ref reader);
            }
            else if (name.SequenceEqual("references"u8))
            {
                references = Skip(ref reader);
            }
            else
            {
                ref Slice text = ref TextNamed(name, out bool known);
                Slice value = Skip(ref reader);
                if (known && reader.TokenType == JsonTokenType.String)
                {
                    text = new Slice(value.Start + 1, value.Length - 2, reader.ValueIsEscaped);
                }
            }
        }
    }

    private ref Slice TextNamed(ReadOnlySpan<byte> name, out bool known)
    {
        known = true;
        if (name.SequenceEqual("id"u8))
        {
            return ref id;
        }

        if (name.SequenceEqual("trigger"u8))
        {
            return ref trigger;
        }

        if (name.SequenceEqual("method"u8))
        {
            return ref method;
        }

        if (name.SequenceEqual("path"u8))
        {
            return ref path;
        }

        if (name.SequenceEqual("query"u8))
        {
            return ref query;
        }

        known = name.SequenceEqual("traceparent"u8);
        return ref traceParent;
    }

    private static Slice Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new Slice(start, (int)reader.BytesConsumed - start, IsEscaped: false);
    }

    private ReadOnlySpan<byte> Span(Slice slice) => json.Span.Slice(slice.Start, slice.Length);

    private string Decode(Slice slice)
    {
        if (!slice.IsEscaped)
        {
            return Encoding.UTF8.GetString(Span(slice));
        }

        var reader = new Utf8JsonReader(json.Span.Slice(slice.Start - 1, slice.Length + 2));
        reader.Read();
        return reader.GetString()!;
    }

    private readonly record struct Slice(int Start, int Length, bool IsEscaped);
}
