using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Publishing;

/// <summary>Who may publish to a topic: names once each, and exclusive producers alone. An exclusive producer has an epoch, by which one that was fenced is known when it comes again.</summary>
internal sealed class ProducerGate(Topic topic) : IDisposable
{
    // Whoever attaches or admits has it; the epoch is written meanwhile.
    private readonly SemaphoreSlim _turn = new(1, 1);

    // Guards the fields below; held for looking up.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Producer> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Producer> _leaving = new(StringComparer.Ordinal);
    private readonly List<Producer> _waiting = [];
    private Producer? _exclusive;
    private bool _isAdmitting;
    private Task _admitting = Task.CompletedTask;

    /// <summary>The producers that are attached, those that wait included.</summary>
    public Producer[] All
    {
        get
        {
            lock (_lock)
            {
                return [.. _byName.Values, .. _waiting];
            }
        }
    }

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byName.Count + _waiting.Count;
            }
        }
    }

    /// <summary>Lets a producer in, or keeps it waiting where it asks for that.</summary>
    /// <exception cref="ProblemException"><c>producer-busy</c>, <c>producer-fenced</c>.</exception>
    public async ValueTask AttachAsync(Producer producer, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await VacateAsync(producer, cancellation);
            Require(producer);
            if (producer.Options.Access == ProducerAccess.WaitForExclusive && IsOccupied)
            {
                lock (_lock)
                {
                    _waiting.Add(producer);
                }

                producer.TopicEpoch = topic.ProducerEpoch;
                return;
            }

            await EnterAsync(producer, cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A producer goes; one that waits may be admitted.</summary>
    public void Leave(Producer producer)
    {
        lock (_lock)
        {
            producer.HasLeft = true;
            if (!Remove(producer))
            {
                return;
            }

            if (!producer.IdleAsync().IsCompleted)
            {
                _leaving[producer.Name] = producer;
            }

            if (_byName.Count == 0 && _waiting.Count > 0 && !_isAdmitting)
            {
                _isAdmitting = true;
                var before = _admitting;
                _admitting = Task.Run(async () =>
                {
                    await before;
                    await AdmitNextAsync();
                });
            }
        }
    }

    /// <summary>Sends all away.</summary>
    public async ValueTask CloseAsync(CloseReason reason, Problem problem)
    {
        await _turn.WaitAsync();
        try
        {
            foreach (var producer in All)
            {
                Dismiss(producer, reason, problem);
            }
        }
        finally
        {
            _turn.Release();
        }

        await _admitting;
    }

    /// <summary>Some time has passed.</summary>
    public void Tick(TimeSpan passed)
    {
        foreach (var producer in All)
        {
            producer.Meter.Tick(passed);
        }

        lock (_lock)
        {
            foreach (var (name, producer) in _leaving)
            {
                if (producer.IdleAsync().IsCompleted)
                {
                    _leaving.Remove(name);
                }
            }
        }
    }

    public void Dispose() => _turn.Dispose();

    private bool IsOccupied
    {
        get
        {
            lock (_lock)
            {
                return _byName.Count > 0;
            }
        }
    }

    // The older producer of the same name goes, and what it has handed over ends first: the numbers of one name are judged one after the other.
    private async ValueTask VacateAsync(Producer producer, CancellationToken cancellation)
    {
        Producer? older;
        lock (_lock)
        {
            older = _byName.GetValueOrDefault(producer.Name) ?? _waiting.Find(waiting => waiting.Name == producer.Name);
        }

        if (older is not null)
        {
            if (producer.Options.IsNameOfUser && producer.Options.Epoch <= older.Options.Epoch)
            {
                throw new ProblemException(KnownProblems.ProducerBusy($"A producer '{producer.Name}' is connected to '{topic.Name}' already."));
            }

            older.Refuse(KnownProblems.ProducerFenced($"A newer connection of producer '{producer.Name}' has taken the place of this one."));
            lock (_lock)
            {
                Remove(older);
            }

            await older.IdleAsync().WaitAsync(cancellation);
        }

        Producer? leaving;
        lock (_lock)
        {
            _leaving.Remove(producer.Name, out leaving);
        }

        if (leaving is not null)
        {
            await leaving.IdleAsync().WaitAsync(cancellation);
        }
    }

    // Under the turn.
    private void Require(Producer producer)
    {
        lock (_lock)
        {
            var options = producer.Options;
            var limit = topic.Policies.MaxProducers ?? 0;
            if (limit > 0 && _byName.Count + _waiting.Count >= limit)
            {
                throw new ProblemException(KnownProblems.ProducerBusy($"'{topic.Name}' has {limit} producers already, as many as its policies allow."));
            }

            if (options.Access == ProducerAccess.Shared && (_exclusive is not null || _waiting.Count > 0))
            {
                throw new ProblemException(KnownProblems.ProducerBusy($"'{topic.Name}' has an exclusive producer."));
            }

            if (options.Access == ProducerAccess.Exclusive && (_byName.Count > 0 || _waiting.Count > 0))
            {
                throw new ProblemException(KnownProblems.ProducerFenced($"'{topic.Name}' has other producers; an exclusive one was asked for."));
            }

            if (options.Access != ProducerAccess.Shared && options.TopicEpoch is { } epoch && epoch < topic.ProducerEpoch)
            {
                throw new ProblemException(KnownProblems.ProducerFenced($"The producer '{producer.Name}' had '{topic.Name}' for itself in epoch {epoch}; since then another one has had it, in epoch {topic.ProducerEpoch}."));
            }
        }
    }

    // Under the turn.
    private async ValueTask EnterAsync(Producer producer, CancellationToken cancellation)
    {
        if (producer.Options.Access != ProducerAccess.Shared)
        {
            foreach (var other in All)
            {
                if (other != producer)
                {
                    Dismiss(other, CloseReason.Moved, KnownProblems.ProducerFenced($"The producer '{producer.Name}' has taken '{topic.Name}' for itself."));
                    await other.IdleAsync().WaitAsync(cancellation);
                }
            }

            await topic.SetProducerEpochAsync(producer.Options.TopicEpoch ?? (topic.ProducerEpoch + 1), cancellation);
        }

        producer.TopicEpoch = topic.ProducerEpoch;
        lock (_lock)
        {
            _byName[producer.Name] = producer;
            _exclusive = producer.Options.Access == ProducerAccess.Shared ? null : producer;
            producer.IsAdmitted = true;
        }
    }

    private async Task AdmitNextAsync()
    {
        await _turn.WaitAsync();
        try
        {
            while (FirstWaiting() is { } next)
            {
                // The others that wait go on waiting.
                await topic.SetProducerEpochAsync(next.Options.TopicEpoch ?? (topic.ProducerEpoch + 1), CancellationToken.None);
                next.TopicEpoch = topic.ProducerEpoch;
                if (TryAdmit(next))
                {
                    next.Admit();
                }
            }
        }
        catch (Exception e)
        {
            // The epoch could not be written: the topic is not this node's any more, or its metadata is away. All come again.
            topic.GiveUp(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    // It stays among those that wait until it is in, so that it is told when the topic is given up. Null when nobody is to be let in, and then whoever leaves next looks again.
    private Producer? FirstWaiting()
    {
        lock (_lock)
        {
            var first = _byName.Count == 0 && _waiting.Count > 0 ? _waiting[0] : null;
            _isAdmitting = first is not null;
            return first;
        }
    }

    private bool TryAdmit(Producer next)
    {
        lock (_lock)
        {
            // It may have gone while the epoch was written.
            if (next.HasLeft || !_waiting.Remove(next))
            {
                return false;
            }

            _byName[next.Name] = next;
            _exclusive = next;
            return true;
        }
    }

    private void Dismiss(Producer producer, CloseReason reason, Problem problem)
    {
        lock (_lock)
        {
            Remove(producer);
            if (!producer.IdleAsync().IsCompleted)
            {
                _leaving[producer.Name] = producer;
            }
        }

        producer.Close(reason, problem);
    }

    // Under the lock.
    private bool Remove(Producer producer)
    {
        if (_exclusive == producer)
        {
            _exclusive = null;
        }

        if (_byName.TryGetValue(producer.Name, out var named) && named == producer)
        {
            return _byName.Remove(producer.Name);
        }

        return _waiting.Remove(producer);
    }
}
