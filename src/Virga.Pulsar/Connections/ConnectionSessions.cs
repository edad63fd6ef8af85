namespace Virga.Pulsar.Connections;

/// <summary>The producers and consumers of one connection, by the numbers that the client gives them.</summary>
internal sealed class ConnectionSessions
{
    // Guards what follows; held for a look or a change.
    private readonly Lock _gate = new();
    private readonly Dictionary<long, ProducerSession> _producers = [];
    private readonly Dictionary<long, ConsumerSession> _consumers = [];
    private List<ConsumerSession> _waiting = [];

    /// <summary>Adds a producer; false when there is one of that number.</summary>
    public bool TryAdd(ProducerSession session)
    {
        lock (_gate)
        {
            return _producers.TryAdd(session.Id, session);
        }
    }

    /// <summary>Adds a consumer; false when there is one of that number.</summary>
    public bool TryAdd(ConsumerSession session)
    {
        lock (_gate)
        {
            return _consumers.TryAdd(session.Id, session);
        }
    }

    /// <summary>A producer; null when there is none of that number.</summary>
    public ProducerSession? FindProducer(long id)
    {
        lock (_gate)
        {
            return _producers.GetValueOrDefault(id);
        }
    }

    /// <summary>A consumer; null when there is none of that number.</summary>
    public ConsumerSession? FindConsumer(long id)
    {
        lock (_gate)
        {
            return _consumers.GetValueOrDefault(id);
        }
    }

    /// <summary>Takes a producer out, if it is still in.</summary>
    public void Forget(ProducerSession session)
    {
        lock (_gate)
        {
            if (_producers.GetValueOrDefault(session.Id) == session)
            {
                _producers.Remove(session.Id);
            }
        }
    }

    /// <summary>Takes a consumer out, if it is still in.</summary>
    public void Forget(ConsumerSession session)
    {
        lock (_gate)
        {
            if (_consumers.GetValueOrDefault(session.Id) == session)
            {
                _consumers.Remove(session.Id);
            }
        }
    }

    /// <summary>After the next send a consumer's permits are looked at again.</summary>
    public void AskAgain(ConsumerSession session)
    {
        lock (_gate)
        {
            _waiting.Add(session);
        }
    }

    /// <summary>Something was sent: consumers get the permits that were held back, as far as there is room now.</summary>
    public void PassOn()
    {
        List<ConsumerSession> waiting;
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                return;
            }

            (waiting, _waiting) = (_waiting, []);
        }

        foreach (var session in waiting)
        {
            session.PassOn();
        }
    }

    /// <summary>Closes all of them: the connection has ended.</summary>
    public void Close()
    {
        ProducerSession[] producers;
        ConsumerSession[] consumers;
        lock (_gate)
        {
            producers = [.. _producers.Values];
            consumers = [.. _consumers.Values];
            _producers.Clear();
            _consumers.Clear();
            _waiting.Clear();
        }

        foreach (var consumer in consumers)
        {
            consumer.Close();
        }

        foreach (var producer in producers)
        {
            producer.Abandon();
        }
    }
}
