using System.IO.Pipelines;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Gateway.Tests.Support;

/// <summary>An answer that a test wrote.</summary>
internal sealed class ScriptedResult : InvocationResult
{
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the gateway has let the answer go.</summary>
    public Task Disposed => _disposed.Task;

    public static ScriptedResult Json(string json) => new() { Status = 200, Body = System.Text.Encoding.UTF8.GetBytes(json) };

    public static ScriptedResult Failed(Problem problem) => new() { Problem = problem };

    public static ScriptedResult Answer(int status, string body = "", params (string Name, string Value)[] headers) => new()
    {
        Status = status,
        Body = System.Text.Encoding.UTF8.GetBytes(body),
        Headers = [.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))],
    };

    public static ScriptedResult Streamed(PipeReader body, params (string Name, string Value)[] headers) => new()
    {
        Status = 200,
        BodyStream = body,
        Headers = [.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))],
    };

    public static ScriptedResult Socket(IMessageChannel channel, params (string Name, string Value)[] headers) => new()
    {
        Status = 101,
        WebSocket = channel,
        Headers = [.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))],
    };

    public ScriptedResult Took(InvocationTiming timing)
    {
        Timing = timing;
        return this;
    }

    public override ValueTask DisposeAsync()
    {
        _disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
