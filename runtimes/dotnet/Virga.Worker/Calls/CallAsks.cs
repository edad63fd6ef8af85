using Virga.Functions.Wire;
using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>What one call has asked of the platform and not yet been answered: see docs/worker-protocol.md.</summary>
internal sealed class CallAsks(uint call, FrameWriter writer)
{
    /// <summary>Half of what the node allows, because it counts a request that was withdrawn a little longer.</summary>
    private const int MostOpen = 512;

    private readonly Dictionary<uint, Ask> open = [];

    // Guards the requests; held for a few instructions. Any thread asks, the reader answers.
    private readonly Lock gate = new();
    private Queue<TaskCompletionSource>? waiting;
    private Exception? end;
    private uint last;

    /// <summary>Sends a request, and takes it back before this returns.</summary>
    public ValueTask<ReadOnlyMemory<byte>> SendAsync(RequestWriter request, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return TryOpen(out Ask? ask, out Task room)
                ? Send(ask, request.Written, cancellationToken)
                : SendLaterAsync(request.Written.ToArray(), room, cancellationToken);
        }
        finally
        {
            request.Return();
        }
    }

    /// <summary>A piece of an answer has arrived.</summary>
    /// <returns>The request that is answered by it; null when there is more to come, or when nobody waits.</returns>
    public Ask? Take(ReadOnlySpan<byte> body)
    {
        (uint id, bool more, int head) = AskFrames.Read(body);
        Ask? ask;
        lock (gate)
        {
            if (!open.TryGetValue(id, out ask))
            {
                return null;
            }
        }

        // Only the reader touches an answer, so it needs no lock.
        return ask.Take(body[head..], more) && Remove(id) ? ask : null;
    }

    /// <summary>Nothing is asked any more: those who wait are told why, on threads of their own.</summary>
    public void End(Exception reason)
    {
        Ask[] left;
        Queue<TaskCompletionSource>? late;
        lock (gate)
        {
            if (end is not null)
            {
                return;
            }

            end = reason;
            left = [.. open.Values];
            open.Clear();
            late = waiting;
            waiting = null;
        }

        foreach (Ask ask in left)
        {
            ask.Fail(reason);
            ThreadPool.UnsafeQueueUserWorkItem(ask, preferLocal: false);
        }

        while (late is not null && late.TryDequeue(out TaskCompletionSource? one))
        {
            one.TrySetException(reason);
        }
    }

    private bool TryOpen([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Ask? ask, out Task room)
    {
        lock (gate)
        {
            if (end is not null)
            {
                throw end;
            }

            if (open.Count < MostOpen)
            {
                // An id is not used again in its call, so that an answer which nobody waits for any more is known by its id.
                ask = new Ask(++last);
                open.Add(ask.Id, ask);
                room = Task.CompletedTask;
                return true;
            }

            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (waiting ??= new Queue<TaskCompletionSource>()).Enqueue(place);
            ask = null;
            room = place.Task;
            return false;
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> SendLaterAsync(byte[] request, Task room, CancellationToken cancellationToken)
    {
        while (true)
        {
            await room.WaitAsync(cancellationToken);
            if (TryOpen(out Ask? ask, out room))
            {
                return await Send(ask, request, cancellationToken);
            }
        }
    }

    private ValueTask<ReadOnlyMemory<byte>> Send(Ask ask, ReadOnlySpan<byte> request, CancellationToken cancellationToken)
    {
        ValueTask<ReadOnlyMemory<byte>> answer = ask.Task;
        AskFrames.Send(writer, call, ask.Id, request);
        if (cancellationToken.CanBeCanceled)
        {
            // An answer that came before the registration finds none to remove: it only finds the request gone.
            ask.Withdrawal = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    (CallAsks asks, Ask withdrawn) = ((CallAsks, Ask))state!;
                    asks.Withdraw(withdrawn, token);
                },
                (this, ask));
        }

        return answer;
    }

    private void Withdraw(Ask ask, CancellationToken token)
    {
        if (!Remove(ask.Id))
        {
            return;
        }

        AskFrames.SendWithdrawal(writer, call, ask.Id);
        ask.Fail(new OperationCanceledException(token));
        ThreadPool.UnsafeQueueUserWorkItem(ask, preferLocal: false);
    }

    /// <summary>Whoever takes a request out tells those who wait for it: it happens once.</summary>
    private bool Remove(uint id)
    {
        TaskCompletionSource? next = null;
        bool removed;
        lock (gate)
        {
            removed = open.Remove(id);
            if (removed)
            {
                waiting?.TryDequeue(out next);
            }
        }

        next?.TrySetResult();
        return removed;
    }
}
