using System.Text;
using System.Text.Json;

namespace Virga.Functions;

/// <summary>What called the function: an HTTP request, a WebSocket handshake, or a direct invocation.</summary>
/// <remarks>Everything is decoded when it is first asked for. An event stays valid after its call has ended.</remarks>
public sealed class Event
{
    private readonly CallHead head;
    private readonly ICall call;
    private readonly ReadOnlyMemory<byte> body;
    private readonly Stream? stream;
    private string? text;
    private byte[]? bytes;
    private object? parsed;

    internal Event(CallHead head, ReadOnlyMemory<byte> body, Stream? stream, ICall call)
    {
        this.head = head;
        this.body = body;
        this.stream = stream;
        this.call = call;
    }

    /// <summary>What started the call: <c>http</c>, <c>websocket</c>, <c>invoke</c> (control API or command line), <c>call</c> (another function), <c>dag</c> or <c>topic</c>.</summary>
    public string Trigger => head.Trigger;

    /// <summary>The HTTP method in upper case; empty when the call is no HTTP request.</summary>
    public string Method => head.Method;

    /// <summary>The path, percent-decoded.</summary>
    public string Path => head.Path;

    /// <summary>The query string as it was sent: percent-encoded, without the question mark.</summary>
    public string QueryString => head.Query;

    /// <summary>The parameters of the route's template, decoded.</summary>
    public ValueCollection Params => field ??= head.ReadParams();

    /// <summary>The query's parameters, decoded. A name that comes more than once gives its last value.</summary>
    public ValueCollection Query => field ??= ValueCollection.FromQuery(head.Query);

    /// <summary>The request's headers; names are found in any case.</summary>
    public ValueCollection Headers => field ??= head.ReadHeaders();

    /// <summary>
    /// The body by its content type: a <see cref="JsonElement"/> for JSON, a <see cref="string"/> for text, XML, forms and
    /// when no type is given, else a <see cref="byte"/> array; <see langword="null"/> when there is none.
    /// </summary>
    /// <exception cref="InvalidBodyException">The content type is JSON and the body is not.</exception>
    /// <exception cref="InvalidOperationException">The function asked for its bodies as streams.</exception>
    public object? Body => parsed ??= ParseBody();

    /// <summary>The body as text (UTF-8), whatever its content type; empty when there is none.</summary>
    /// <exception cref="InvalidOperationException">The function asked for its bodies as streams.</exception>
    public string Text => text ??= Encoding.UTF8.GetString(Buffered.Span);

    /// <summary>The body's bytes as they were sent; empty when there is none.</summary>
    /// <exception cref="InvalidOperationException">The function asked for its bodies as streams.</exception>
    public byte[] Bytes => bytes ??= Buffered.ToArray();

    /// <summary>
    /// The body as a stream. With <c>requestBody: stream</c> it arrives while it is read; otherwise it is the buffered body.
    /// </summary>
    public Stream Stream => field ??= stream ?? new MemoryStream(Bytes, writable: false);

    internal ReadOnlyMemory<byte> Buffered => stream is null
        ? body
        : throw new InvalidOperationException(
            "This function asked for its bodies as streams (requestBody: stream): read event.Stream.");

    /// <summary>The body as JSON: property names are camelCase and found in any case.</summary>
    /// <typeparam name="T">What to read.</typeparam>
    /// <exception cref="InvalidBodyException">The body is no JSON of that shape; unhandled, the client is answered 400.</exception>
    /// <exception cref="InvalidOperationException">The function asked for its bodies as streams.</exception>
    public T? Json<T>() => (T?)ReadJson(typeof(T));

    /// <summary>Accepts the WebSocket that this event opens.</summary>
    /// <returns>The connection; the call lasts until the handler returns.</returns>
    /// <exception cref="InvalidOperationException">The event opens no WebSocket, or it was accepted before.</exception>
    public ValueTask<WebSocketConnection> AcceptWebSocketAsync() => call.AcceptWebSocketAsync();

    internal object? ReadJson(Type type)
    {
        try
        {
            return JsonSerializer.Deserialize(Buffered.Span, FunctionJson.TypeInfo(type));
        }
        catch (JsonException exception)
        {
            throw new InvalidBodyException($"The body is not the expected JSON: {exception.Message}", exception);
        }
    }

    private object? ParseBody()
    {
        if (Buffered.IsEmpty)
        {
            return null;
        }

        return MediaType.Classify(Headers["content-type"]) switch
        {
            BodyShape.Json => ReadJson(typeof(JsonElement)),
            BodyShape.Text => Text,
            _ => Bytes,
        };
    }
}
