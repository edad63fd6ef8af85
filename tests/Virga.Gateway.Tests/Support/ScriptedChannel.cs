using System.Text;
using System.Threading.Channels;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Gateway.Tests.Support;

/// <summary>The function's end of a WebSocket, as a test plays it.</summary>
internal sealed class ScriptedChannel : IMessageChannel
{
    private readonly Channel<ChannelMessage> _toClient = Channel.CreateUnbounded<ChannelMessage>();
    private readonly Channel<(string Text, bool IsText)> _fromClient = Channel.CreateUnbounded<(string, bool)>();
    private readonly TaskCompletionSource<(int Code, string Reason)> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the gateway told the function that the client closed.</summary>
    public Task<(int Code, string Reason)> ClosedByClient => _closed.Task.WaitAsync(TimeSpan.FromSeconds(10));

    public void Say(string text, bool isText = true) => _toClient.Writer.TryWrite(new ChannelMessage(Encoding.UTF8.GetBytes(text), isText));

    public void Close(int code, string reason) => _toClient.Writer.TryWrite(new ChannelMessage(default, false, code, reason));

    public void Fail(Problem problem) => _toClient.Writer.TryComplete(new ProblemException(problem));

    public ValueTask<(string Text, bool IsText)> HearAsync(CancellationToken cancellation) => _fromClient.Reader.ReadAsync(cancellation);

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, bool text, CancellationToken cancellation) =>
        await _fromClient.Writer.WriteAsync((Encoding.UTF8.GetString(message.Span), text), cancellation);

    public async ValueTask<ChannelMessage> ReceiveAsync(CancellationToken cancellation)
    {
        try
        {
            return await _toClient.Reader.ReadAsync(cancellation);
        }
        catch (ChannelClosedException exception) when (exception.InnerException is ProblemException cause)
        {
            throw new ProblemException(cause.Problem, exception);
        }
    }

    public ValueTask CloseAsync(int code, string reason, CancellationToken cancellation)
    {
        _closed.TrySetResult((code, reason));
        return ValueTask.CompletedTask;
    }
}
