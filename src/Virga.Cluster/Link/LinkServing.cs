using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;

namespace Virga.Cluster.Link;

/// <summary>Works on the messages that came over one connection: handlers are called in the order of the messages, and may take as long as they need.</summary>
internal sealed partial class LinkServing(NodeName peer, LinkHandlers handlers, LinkSender sender, LinkOptions options, ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();

    // Guards the two below; held to move a reference.
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, CancellationTokenSource> _asks = [];
    private TaskCompletionSource? _ended;

    // One more than messages under way, until the end.
    private int _underWay = 1;

    /// <summary>Begins to work on a message; its array goes back to the shared pool afterwards.</summary>
    /// <returns>False for a post that is one too many. An ask that is one too many is answered with a fault.</returns>
    public bool TryBegin(bool isAsk, byte topic, ulong id, byte[] body, int length)
    {
        if (Volatile.Read(ref _underWay) > options.MaxServing)
        {
            ArrayPool<byte>.Shared.Return(body);
            if (isAsk)
            {
                Refuse(topic, id, "it is overloaded.");
            }

            return isAsk;
        }

        Interlocked.Increment(ref _underWay);
        _ = isAsk ? AnswerAsync(topic, id, body, length) : TakeAsync(topic, body, length);
        return true;
    }

    /// <summary>Nobody waits for the answer of an ask any more.</summary>
    public void Cancel(ulong id)
    {
        CancellationTokenSource? cancelling;
        lock (_gate)
        {
            cancelling = _asks.GetValueOrDefault(id);
        }

        try
        {
            cancelling?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was answered in between: there is nothing left to cancel.
        }
    }

    /// <summary>Cancels what is under way, and waits until it has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ended = ended;
        await _ending.CancelAsync();
        End();
        await ended.Task;
        _ending.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "A message of the topic 0x{Topic:x2} from the node '{Peer}' failed")]
    private partial void LogFailed(byte topic, string peer, Exception exception);

    // Awaited by DisposeAsync through the count of what is under way; ends without an exception.
    private async Task TakeAsync(byte topic, byte[] body, int length)
    {
        try
        {
            await handlers.TakeAsync(peer, topic, body.AsMemory(0, length), _ending.Token);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The connection is gone, and with it whoever wanted this.
        }
        catch (Exception e)
        {
            LogFailed(topic, peer.Value, e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
            End();
        }
    }

    private async Task AnswerAsync(byte topic, ulong id, byte[] body, int length)
    {
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        lock (_gate)
        {
            _asks[id] = cancelling;
        }

        try
        {
            var answer = await handlers.TakeAsync(peer, topic, body.AsMemory(0, length), cancelling.Token);
            if (answer.Length > options.MaxMessage)
            {
                Refuse(topic, id, $"its answer has {answer.Length} bytes, more than {options.MaxMessage}.");
            }
            else
            {
                await sender.SendAsync(LinkFrameKind.Answer, topic, id, answer, cancelling.Token);
            }
        }
        catch (OperationCanceledException) when (cancelling.IsCancellationRequested)
        {
            // Nobody waits for the answer.
        }
        catch (Exception e)
        {
            LogFailed(topic, peer.Value, e);
            Refuse(topic, id, $"it failed: {e.Message}");
        }
        finally
        {
            lock (_gate)
            {
                _asks.Remove(id);
            }

            ArrayPool<byte>.Shared.Return(body);
            End();
        }
    }

    private void Refuse(byte topic, ulong id, string reason) => sender.TrySend(LinkFrameKind.Fault, topic, id, Encoding.UTF8.GetBytes(reason), long.MaxValue);

    private void End()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
        {
            _ended!.TrySetResult();
        }
    }
}
