using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Messages;

namespace Virga.Topics.Api;

/// <summary>An answer that goes on: server-sent events for who asks for them, else a JSON object on each line.</summary>
internal sealed class MessageStream : IAsyncDisposable
{
    // Flushed after so many bytes even while there is more: a client that is slow holds back what is consumed for it.
    private const int FlushBytes = 64 * 1024;

    private readonly HttpContext _http;
    private readonly PipeWriter _body;
    private readonly bool _isEvents;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;

    public MessageStream(HttpContext http)
    {
        _http = http;
        _body = http.Response.BodyWriter;
        _isEvents = http.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);
        _json = new Utf8JsonWriter(_buffer, TopicAnswer.Readable);
        http.Response.ContentType = _isEvents ? "text/event-stream" : "application/x-ndjson";
        http.Response.Headers.CacheControl = "no-store";
    }

    /// <summary>Whether what was written should be sent before more is.</summary>
    public bool IsFull => _body.UnflushedBytes >= FlushBytes;

    /// <summary>Whether there is something that is not yet sent.</summary>
    public bool HasUnsent => _body.UnflushedBytes > 0;

    /// <summary>Says how it begins; only as an event.</summary>
    public void Begin(string data)
    {
        if (_isEvents)
        {
            _body.Write(Encoding.UTF8.GetBytes($"event: begin\ndata: {data}\n\n"));
        }
    }

    /// <summary>Writes a message.</summary>
    public void Write(TopicMessage message) => Write("message", message.Id.ToString(), json => MessageJson.Write(json, message));

    /// <summary>Writes something else.</summary>
    public void Write(string kind, string? id, Action<Utf8JsonWriter> write)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        write(_json);
        _json.Flush();
        if (_isEvents)
        {
            _body.Write(Encoding.UTF8.GetBytes(id is null ? $"event: {kind}\ndata: " : $"id: {id}\nevent: {kind}\ndata: "));
            _body.Write(_buffer.WrittenSpan);
            _body.Write("\n\n"u8);
        }
        else
        {
            _body.Write(_buffer.WrittenSpan);
            _body.Write("\n"u8);
        }
    }

    /// <summary>Says that nothing has happened, so that proxies do not take the silence for the end, and clients that are gone are found out about.</summary>
    public void Beat() => _body.Write(_isEvents ? ": still here\n\n"u8 : "\n"u8);

    /// <summary>Says that no more will come.</summary>
    public void End()
    {
        if (_isEvents)
        {
            _body.Write("event: end\ndata: {}\n\n"u8);
        }
    }

    /// <summary>Says why no more will come.</summary>
    public void Fail(Problem problem)
    {
        var document = ProblemJson.Format(problem).Span;
        if (_isEvents)
        {
            _body.Write("event: problem\ndata: "u8);
            _body.Write(document);
            _body.Write("\n\n"u8);
        }
        else
        {
            _body.Write("{\"problem\":"u8);
            _body.Write(document);
            _body.Write("}\n"u8);
        }
    }

    /// <summary>Ends the stream, whole, because the node stops: whoever reads it must not take that for the end of what there is.</summary>
    public async ValueTask StopAsync()
    {
        Fail(KnownProblems.Unavailable("The node stops.", "Come again when it is back: a subscription goes on where it stopped."));
        await FlushAsync();
    }

    /// <summary>Sends what was written.</summary>
    public async ValueTask FlushAsync() => await _body.FlushAsync(_http.RequestAborted);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _json.DisposeAsync();
}
