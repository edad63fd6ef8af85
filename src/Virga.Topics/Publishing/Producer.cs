using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Logs;
using Virga.Topics.Messages;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Publishing;

/// <summary>One producer that is attached to a topic. <see cref="Publish"/> is for one thread at a time; the ends of what is published come on threads of the store's.</summary>
public sealed class Producer
{
    private readonly Topic _topic;
    private readonly IProducerSink _sink;
    private readonly PublishMemory _memory;
    private readonly long _maxPendingBytes;

    // Guards what orders the ends; held for counting.
    private readonly Lock _lock = new();
    private long _handed;
    private long _ended;
    private long _pendingBytes;
    private Queue<(long After, PendingPublish Publish, Problem? Problem)>? _aside;
    private bool _isSettling;
    private int _isWaiting;
    private Problem? _refusal;
    private Problem? _failure;
    private TaskCompletionSource? _idle;

    internal Producer(Topic topic, long id, string name, ProducerOptions options, IProducerSink sink, PublishMemory memory, long maxPendingBytes)
    {
        (_topic, Id, Name, Options, _sink, _memory, _maxPendingBytes) = (topic, id, name, options, sink, memory, maxPendingBytes);
    }

    /// <summary>Which of the node's producers.</summary>
    public long Id { get; }

    /// <summary>Its name, made up where it came without.</summary>
    public string Name { get; }

    /// <summary>How it attached itself.</summary>
    public ProducerOptions Options { get; }

    /// <summary>The number of the last message that this producer's name has published, where the topic deduplicates; -1 for none.</summary>
    public long LastSequenceId { get; internal set; } = -1;

    /// <summary>The epoch of an exclusive producer, with which it comes again; that of the topic for others, -1 where it never had an exclusive one.</summary>
    public long TopicEpoch { get; internal set; } = -1;

    /// <summary>Whether it may publish: false while it waits for exclusive access.</summary>
    public bool IsAdmitted { get; internal set; }

    /// <summary>Raised after <see cref="IsBackedUp"/> was true and publishing is welcome again; on a thread of the store's or a timer's. Handlers return at once.</summary>
    public event Action? Drained;

    /// <summary>Whether the connection should stop reading until <see cref="Drained"/>: too much is on its way to the disk, or the topic's rate of publishing is used up.</summary>
    public bool IsBackedUp
    {
        get
        {
            if (!IsOver(1) && _topic.Rate.HasRoom && !_memory.IsFull)
            {
                return false;
            }

            Volatile.Write(ref _isWaiting, 1);
            if (_memory.IsFull)
            {
                _memory.Wait(this);
            }
            else if (!_topic.Rate.HasRoom)
            {
                _topic.Rate.Wait(this);
            }
            else if (!IsOver(2) && Interlocked.Exchange(ref _isWaiting, 0) == 1)
            {
                // What was on its way has ended between the two questions, and nobody will say so again.
                return false;
            }

            return true;
        }
    }

    /// <summary>Whether it has gone before it was admitted; under the lock of the <see cref="ProducerGate"/>.</summary>
    internal bool HasLeft { get; set; }

    /// <summary>Bytes that are on their way.</summary>
    internal long PendingBytes => Volatile.Read(ref _pendingBytes);

    internal PublishMeter Meter { get; } = new();

    /// <summary>Publishes an entry; returns at once.</summary>
    public void Publish(PendingPublish publish)
    {
        publish.Producer = this;
        var problem = Volatile.Read(ref _refusal) ?? (IsAdmitted ? _topic.Examine(publish) : KnownProblems.ProducerBusy($"The producer '{Name}' still waits for exclusive access to '{_topic.Name}'."));
        if (problem is not null)
        {
            SetAside(publish, problem);
            return;
        }

        switch (_topic.Deduplication?.Judge(Name, publish))
        {
            case SequenceVerdict.Repeated:
                SetAside(publish, null);
                return;
            case SequenceVerdict.Overlapping:
                SetAside(publish, KnownProblems.InvalidRequest(
                    $"The batch {publish.SequenceId} to {publish.LastSequenceId} of producer '{Name}' holds messages that were published before and others that were not.", "Publish the same batches again, or only new messages."));
                return;
            default:
                break;
        }

        var size = publish.Data.Length;
        lock (_lock)
        {
            _handed++;
        }

        Interlocked.Add(ref _pendingBytes, size);
        _memory.Take(size);
        _topic.Rate.Take(publish.Messages, size);
        Meter.Count(publish.Messages, size);
        _topic.Append(publish);
    }

    /// <summary>It is gone: nothing more comes of it. What it has handed over is published.</summary>
    public void Detach() => _topic.Detach(this);

    /// <summary>What is known of it.</summary>
    public ProducerFigures Figures() => new(Id, Name, Options.Access, Meter.Messages, Meter.Bytes, Meter.MessageRate, Meter.ByteRate, PendingBytes, Options.Properties);

    internal void Appended(PendingPublish publish, Position position)
    {
        _topic.Deduplication?.Persisted(Name, publish, position);
        publish.Published(position);
        Ended(publish.Data.Length);
    }

    internal void Refused(PendingPublish publish, Exception failure)
    {
        var problem = _topic.Explain(failure);

        // What repeats an entry that is in doubt is in doubt as well, and so is all that comes behind it.
        Interlocked.CompareExchange(ref _failure, problem, null);
        publish.Failed(problem);
        Ended(publish.Data.Length);
    }

    /// <summary>Takes nothing more; for a topic that closes, or a producer that another has fenced.</summary>
    internal void Refuse(Problem problem) => Interlocked.CompareExchange(ref _refusal, problem, null);

    /// <summary>Tells the other end.</summary>
    internal void Close(CloseReason reason, Problem problem)
    {
        Refuse(problem);
        _sink.Closed(reason);
        Wake();
    }

    internal void Admit()
    {
        IsAdmitted = true;
        _sink.Admitted();
    }

    /// <summary>Waits until everything that was handed over has ended.</summary>
    internal Task IdleAsync()
    {
        lock (_lock)
        {
            return _handed == _ended ? Task.CompletedTask : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Publishing may be welcome again.</summary>
    internal void Wake()
    {
        if (Interlocked.Exchange(ref _isWaiting, 0) == 1)
        {
            Drained?.Invoke();
        }
    }

    private bool IsOver(int part) => PendingBytes >= _maxPendingBytes / part;

    private void Ended(int size)
    {
        var left = Interlocked.Add(ref _pendingBytes, -size);
        TaskCompletionSource? idle = null;
        lock (_lock)
        {
            if (++_ended == _handed)
            {
                (idle, _idle) = (_idle, null);
            }
        }

        idle?.SetResult();
        Settle();
        if (left < _maxPendingBytes / 2 && Volatile.Read(ref _isWaiting) == 1 && _topic.Rate.HasRoom && !_memory.IsFull)
        {
            Wake();
        }

        _memory.Give(size);
    }

    // What is not appended ends at its turn all the same: behind what was handed over before it.
    private void SetAside(PendingPublish publish, Problem? problem)
    {
        lock (_lock)
        {
            if (_handed != _ended || _isSettling || _aside is { Count: > 0 })
            {
                (_aside ??= new()).Enqueue((_handed, publish, problem));
                return;
            }
        }

        End(publish, problem);
    }

    private void Settle()
    {
        while (true)
        {
            (long After, PendingPublish Publish, Problem? Problem) next;
            lock (_lock)
            {
                if (_aside is not { Count: > 0 } || _aside.Peek().After > _ended)
                {
                    _isSettling = false;
                    return;
                }

                _isSettling = true;
                next = _aside.Dequeue();
            }

            End(next.Publish, next.Problem);
        }
    }

    private void End(PendingPublish publish, Problem? problem)
    {
        problem ??= Volatile.Read(ref _failure);
        if (problem is null)
        {
            publish.Duplicate();
        }
        else
        {
            publish.Failed(problem);
        }
    }
}
