using System.Buffers;
using System.Text;
using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Control.Tests;

/// <summary>Stands where the execution engine stands, and answers with what it was asked.</summary>
internal sealed class RecordingInvoker : IInvoker
{
    public Invocation? Last { get; private set; }

    public int Status { get; set; } = 200;

    public async ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        Last = invocation;
        var body = invocation.Body.ToArray();
        if (invocation.BodyStream is { } stream)
        {
            using var memory = new MemoryStream();
            await stream.CopyToAsync(memory, cancellation);
            body = memory.ToArray();
        }

        return new Answer(Status, body, ReadHeaders(invocation));
    }

    private static string ReadHeaders(Invocation invocation)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            invocation.Headers?.WriteHeaders(writer);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private sealed class Answer : InvocationResult
    {
        public Answer(int status, byte[] body, string headers)
        {
            Status = status;
            Body = body;
            Headers = [KeyValuePair.Create("x-seen-headers", headers), KeyValuePair.Create("transfer-encoding", "chunked")];
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
