using Virga.Execution.Channel;

namespace Virga.Execution.Asks;

/// <summary>What the requests of one worker occupy of the node's memory. Beyond a bound the worker breaks the protocol, has to wait, or gets no answer.</summary>
internal sealed class AskLoad
{
    /// <summary>The greatest request, in bytes.</summary>
    public const int MaxRequest = 17 << 20;

    /// <summary>Requests that are not wholly here, in bytes: four of the greatest.</summary>
    public const long MaxGathered = 4L * MaxRequest;

    /// <summary>Requests that wait for their answers, in bytes; beyond it nothing is received.</summary>
    public const long MaxWaiting = 64L << 20;

    /// <summary>Answers that are being made, in bytes.</summary>
    public const long MaxAnswers = 256L << 20;

    // Guards all below; held for a few instructions, and only by requests that are not answered at once.
    private readonly Lock _gate = new();
    private long _gathered;
    private long _waiting;
    private long _answers;
    private TaskCompletionSource? _room;

    /// <summary>Whether the worker has to wait.</summary>
    public bool IsFull => Volatile.Read(ref _waiting) > MaxWaiting;

    /// <summary>Completes when it has to wait no longer.</summary>
    public Task RoomAsync()
    {
        lock (_gate)
        {
            return _waiting <= MaxWaiting ? Task.CompletedTask : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>A piece of a request has come.</summary>
    /// <exception cref="WorkerProtocolException">Too much has come in pieces.</exception>
    public void AddGathered(int bytes)
    {
        lock (_gate)
        {
            _gathered += bytes;
            if (_gathered > MaxGathered)
            {
                throw new WorkerProtocolException($"The worker has begun requests of more than {MaxGathered} bytes without ending them.");
            }
        }
    }

    /// <summary>A request is whole, or will not be.</summary>
    public void RemoveGathered(int bytes)
    {
        lock (_gate)
        {
            _gathered -= bytes;
        }
    }

    /// <summary>A request waits.</summary>
    public void AddWaiting(int bytes)
    {
        lock (_gate)
        {
            _waiting += bytes;
        }
    }

    /// <summary>A request was answered.</summary>
    public void RemoveWaiting(int bytes)
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            _waiting -= bytes;
            if (_waiting <= MaxWaiting)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.TrySetResult();
    }

    /// <summary>An answer needs memory; false when there is no more.</summary>
    public bool TryAddAnswer(int bytes)
    {
        lock (_gate)
        {
            if (_answers + bytes > MaxAnswers)
            {
                return false;
            }

            _answers += bytes;
            return true;
        }
    }

    /// <summary>An answer gives memory back.</summary>
    public void RemoveAnswer(int bytes)
    {
        lock (_gate)
        {
            _answers -= bytes;
        }
    }
}
