using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Producing;

/// <summary>
/// Publishes to one topic or partition: fills batches, keeps what is not acknowledged in its order, and publishes that anew after the producer had to be attached again.
/// </summary>
internal sealed partial class PartitionPublisher : IAsyncDisposable
{
    private readonly ITopicServer _server;
    private readonly PublisherOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action? _batchSent;
    private readonly CancellationTokenSource _closing = new();

    // Guards all below, and that entries are handed over in their order. Never held across a wait.
    private readonly Lock _gate = new();
    private readonly Queue<OutgoingEntry> _pending = new();
    private readonly Dictionary<string, OpenBatch> _open = new(StringComparer.Ordinal);
    private readonly ITimer _batchTimer;
    private readonly ITimer _deadlineTimer;
    private IServedProducer? _producer;
    private int _attachment;
    private long _nextSequence = -1;
    private bool _isBatchTimed;
    private bool _isDeadlineTimed;

    // The topic was deleted when nothing was on its way to it. Coming again would make it anew, so the publisher waits until it is given a message.
    private bool _isResting;
    private volatile bool _isTopicGone;
    private Problem? _refusal;
    private Task _attaching = Task.CompletedTask;

    public PartitionPublisher(ITopicServer server, TopicName topic, string name, PublisherOptions options, TimeProvider time, ILogger logger, Action? batchSent)
    {
        (_server, Topic, Name, _options, _time, _logger, _batchSent) = (server, topic, name, options, time, logger, batchSent);
        _room = Math.Max(1, options.MaxPending);
        _batchTimer = time.CreateTimer(static self => ((PartitionPublisher)self!).BatchDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _deadlineTimer = time.CreateTimer(static self => ((PartitionPublisher)self!).DeadlineDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public TopicName Topic { get; }

    public string Name { get; }

    public long LastSequenceId { get; private set; } = -1;

    /// <summary>Whether the topic was deleted since the publisher came.</summary>
    public bool IsTopicGone => _isTopicGone;

    /// <summary>Attaches for the first time.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        var sink = new ProducerSink(this, 1);
        var producer = await _server.ProduceAsync(Topic, Attachment(0), sink, cancellation);
        lock (_gate)
        {
            _attachment = 1;
            LastSequenceId = producer.LastSequenceId;
            _nextSequence = _options.FirstSequenceId ?? (producer.LastSequenceId + 1);
            _producer = producer;
            if (sink.IsClosed)
            {
                Lose(1);
            }
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        Task[] waiting;
        lock (_gate)
        {
            SealAll();
            waiting = [.. _pending.SelectMany(static entry => entry.Waiters).Select(static waiter => waiter.Task)];
        }

        await Task.WhenAll(waiting).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        bool isAttached;
        lock (_gate)
        {
            SealAll();
            isAttached = _producer is not null;
        }

        // What is on its way to a broker that is there may arrive; for one that is not, nobody waits.
        if (isAttached)
        {
            await FlushAsync(CancellationToken.None);
        }

        Task attaching;
        lock (_gate)
        {
            Refuse(KnownProblems.Unavailable($"The publisher of {Topic} was closed before the message was acknowledged.", "Publish it again."));
            attaching = _attaching;
        }

        await _closing.CancelAsync();
        await attaching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _batchTimer.DisposeAsync();
        await _deadlineTimer.DisposeAsync();
        _closing.Dispose();
    }

    /// <summary>An entry is durable.</summary>
    public void Complete(OutgoingEntry entry, Position position)
    {
        lock (_gate)
        {
            if (entry.IsDone)
            {
                return;
            }

            LastSequenceId = Math.Max(LastSequenceId, entry.SequenceId + entry.Waiters.Length - 1);
            Finish(entry);
        }

        for (var i = 0; i < entry.Waiters.Length; i++)
        {
            entry.Waiters[i].TrySetResult(new MessageId(position, Topic.Partition, entry.IsBatch ? i : -1));
        }
    }

    /// <summary>An attempt has failed: for good where the message is to blame, else everything is published anew.</summary>
    public void Fail(PublishAttempt attempt, Problem problem)
    {
        lock (_gate)
        {
            if (attempt.Entry.IsDone || attempt.Attachment != _attachment)
            {
                return;
            }

            if (problem.Fault == Fault.Platform)
            {
                Lose(attempt.Attachment);
                return;
            }

            Finish(attempt.Entry);
            if (_options.EndsWithFailure)
            {
                Refuse(problem);
            }
        }

        Reject(attempt.Entry, problem);
    }

    private void Closed(int attachment, CloseReason reason)
    {
        lock (_gate)
        {
            if (attachment == _attachment)
            {
                LogClosed(Topic, reason);
                _isResting = reason == CloseReason.Deleted && _pending.Count == 0 && _open.Count == 0;
                Lose(attachment);
            }
        }
    }

    // Under the gate.
    private void Join(PublishWaiter waiter, BatchingOptions batching)
    {
        var key = batching.ByKey ? waiter.Message.Key ?? "" : "";
        if (_open.TryGetValue(key, out var batch) && batch.Bytes + waiter.Message.Payload.Length > batching.MaxBytes)
        {
            _open.Remove(key);
            Seal([.. batch.Waiters], isBatch: true);
            batch = null;
        }

        if (batch is null)
        {
            _open[key] = batch = new OpenBatch();
        }

        batch.Add(waiter);
        if (batch.Waiters.Count >= batching.MaxMessages || batch.Bytes >= batching.MaxBytes)
        {
            _open.Remove(key);
            Seal([.. batch.Waiters], isBatch: true);
        }
        else if (!_isBatchTimed)
        {
            _isBatchTimed = true;
            _batchTimer.Change(batching.Delay, Timeout.InfiniteTimeSpan);
        }
    }

    // Under the gate.
    private void SealAll()
    {
        foreach (var batch in _open.Values)
        {
            Seal([.. batch.Waiters], isBatch: true);
        }

        _open.Clear();
    }

    // Under the gate: numbers are given here, in the order in which entries are handed over.
    private void Seal(PublishWaiter[] waiters, bool isBatch)
    {
        var first = waiters[0].Message.SequenceId ?? _nextSequence;
        _nextSequence = first + waiters.Length;
        var now = _time.GetUtcNow();
        var data = isBatch
            ? MessageWriter.WriteBatch([.. waiters.Select(static waiter => waiter.Message)], Name, first, now, _options.Compression)
            : MessageWriter.Write(waiters[0].Message, Name, first, now);
        var entry = new OutgoingEntry
        {
            Data = data,
            SequenceId = first,
            Waiters = waiters,
            IsBatch = isBatch,
            Deadline = _time.GetTimestamp() + (long)(_options.SendTimeout.TotalSeconds * _time.TimestampFrequency),
        };
        _pending.Enqueue(entry);
        if (!_isDeadlineTimed)
        {
            _isDeadlineTimed = true;
            _deadlineTimer.Change(_options.SendTimeout, Timeout.InfiniteTimeSpan);
        }

        if (_producer is { } producer)
        {
            Send(producer, entry);
        }
        else if (_isResting)
        {
            _isResting = false;
            _attaching = AttachAgainAsync(null, _attachment, _attaching);
        }

        _batchSent?.Invoke();
    }

    // Under the gate.
    private void Send(IServedProducer producer, OutgoingEntry entry) => producer.Publish(new PublishAttempt(this, entry, _attachment)
    {
        Data = entry.Data,
        SequenceId = entry.SequenceId,
        HighestSequenceId = entry.SequenceId + entry.Waiters.Length - 1,
        Messages = entry.Waiters.Length,
    });

    // Under the gate. Ends come in the order of the entries but for those that failed by themselves.
    private void Finish(OutgoingEntry entry)
    {
        entry.IsDone = true;
        while (_pending.TryPeek(out var head) && head.IsDone)
        {
            _pending.Dequeue();
        }

        GiveRoom(entry.Waiters.Length);
    }

    private static void Reject(OutgoingEntry entry, Problem problem)
    {
        var failure = new ProblemException(problem);
        foreach (var waiter in entry.Waiters)
        {
            waiter.TrySetException(failure);
        }
    }

    // Under the gate: the attachment is gone; what it was given is published by the next one.
    private void Lose(int attachment)
    {
        Debug.Assert(attachment == _attachment, "An attachment is lost once.");
        _attachment++;
        var producer = _producer;
        _producer = null;
        if (_refusal is null)
        {
            _attaching = _isResting ? LetGoAsync(producer, _attaching) : AttachAgainAsync(producer, _attachment, _attaching);
        }
    }

    // Not under the gate any more: the broker may call back when it is let go of.
    private static async Task LetGoAsync(IServedProducer? lost, Task before)
    {
        await Task.Yield();
        lost?.Detach();
        await before;
    }

    private bool IsCurrent(int attachment)
    {
        lock (_gate)
        {
            return attachment == _attachment;
        }
    }

    private async Task AttachAgainAsync(IServedProducer? lost, int attachment, Task before)
    {
        await LetGoAsync(lost, before);
        var delay = default(ReconnectDelay);
        while (IsCurrent(attachment))
        {
            try
            {
                var sink = new ProducerSink(this, attachment);
                var producer = await _server.ProduceAsync(Topic, Attachment(attachment), sink, _closing.Token);
                lock (_gate)
                {
                    if (attachment == _attachment)
                    {
                        Resume(producer);
                        return;
                    }
                }

                // Closed before anybody knew that it is attached: the next attachment waits for this one to be over.
                producer.Detach();
            }
            catch (ProblemException e) when (e.Problem.Slug is "producer-fenced" or "topic-terminated")
            {
                lock (_gate)
                {
                    Refuse(e.Problem);
                }

                return;
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotAttached(Topic, e);
                await Task.Delay(delay.Next(), _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Under the gate: a failure within it ends it at once, hence the copy.
    private void Resume(IServedProducer producer)
    {
        _producer = producer;
        foreach (var entry in _pending.ToArray())
        {
            if (!entry.IsDone && _producer == producer)
            {
                Send(producer, entry);
            }
        }
    }

    // Under the gate: nothing more is published, whatever waits fails.
    private void Refuse(Problem problem)
    {
        _refusal ??= problem;
        _attachment++;
        _producer?.Detach();
        _producer = null;
        foreach (var entry in _pending)
        {
            if (!entry.IsDone)
            {
                entry.IsDone = true;
                Reject(entry, problem);
            }
        }

        _pending.Clear();
        var failure = new ProblemException(problem);
        foreach (var waiter in _open.Values.SelectMany(static batch => batch.Waiters).Concat(_waiting))
        {
            waiter.TrySetException(failure);
        }

        _open.Clear();
        _waiting.Clear();
    }

    private void BatchDue()
    {
        lock (_gate)
        {
            _isBatchTimed = false;
            SealAll();
        }
    }

    private void DeadlineDue()
    {
        List<OutgoingEntry> late = [];
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            while (_pending.TryPeek(out var head) && (head.IsDone || head.Deadline <= now))
            {
                if (!head.IsDone)
                {
                    late.Add(head);
                    Finish(head);
                }
                else
                {
                    _pending.Dequeue();
                }
            }

            if (late.Count > 0 && _options.EndsWithFailure)
            {
                Refuse(TooLate());
            }

            _isDeadlineTimed = _pending.Count > 0;
            if (_isDeadlineTimed)
            {
                var left = TimeSpan.FromSeconds(Math.Max(0.001, (_pending.Peek().Deadline - now) / (double)_time.TimestampFrequency));
                _deadlineTimer.Change(left, Timeout.InfiniteTimeSpan);
            }
        }

        foreach (var entry in late)
        {
            Reject(entry, TooLate());
        }
    }

    private Problem TooLate() => KnownProblems.Unavailable(
        $"The topic {Topic} has not acknowledged the message within {_options.SendTimeout.TotalSeconds:0.#} s; it may be published all the same.", "Publish it again if it may be there twice, or under a producer's name with deduplication.");

    private ProducerOptions Attachment(int epoch) => new()
    {
        Name = Name,
        IsNameOfUser = _options.Name.Length > 0,
        Epoch = epoch,
        Access = _options.Access,
        IsPassing = _options.IsPassing,
        Properties = _options.Properties,
    };

    [LoggerMessage(Level = LogLevel.Debug, Message = "The producer of {Topic} was closed: {Reason}")]
    private partial void LogClosed(TopicName topic, CloseReason reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The producer of {Topic} is not attached yet")]
    private partial void LogNotAttached(TopicName topic, Exception e);

    private sealed class ProducerSink(PartitionPublisher publisher, int attachment) : IProducerSink
    {
        private volatile bool _isClosed;

        /// <summary>Whether it was closed, perhaps before anybody knew that it is attached.</summary>
        public bool IsClosed => _isClosed;

        public void Closed(CloseReason reason)
        {
            _isClosed = true;
            if (reason == CloseReason.Deleted)
            {
                publisher._isTopicGone = true;
            }

            // On another thread: the broker may hold what publishing takes, and publishing holds the gate.
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Publisher.Closed(closed.Attachment, closed.Reason), (Publisher: publisher, Attachment: attachment, Reason: reason), preferLocal: false);
        }

        public void Admitted()
        {
            // Attaching waits for that already.
        }
    }
}
