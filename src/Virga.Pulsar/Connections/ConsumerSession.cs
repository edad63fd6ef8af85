using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Connections;

/// <summary>One consumer of a connection: what the broker has for it goes to the client, as far as the socket takes it.</summary>
internal sealed class ConsumerSession(PulsarConnection connection, CommandSubscribe command, int partition) : IConsumerSink
{
    private const long NoEpoch = -1;

    // A client may permit a thousand messages of five megabytes and not read them: so many bytes of them wait for its socket, and about as many at the broker.
    private const int WindowBytes = 1024 * 1024;

    private readonly ulong _requestId = command.RequestId;
    private readonly bool _isFailover = command.SubType == (int)SubscriptionType.Failover;

    // Guards what follows; held for reading and setting it.
    private readonly Lock _gate = new();
    private PermitWindow _window = new(WindowBytes);
    private Topic? _topic;
    private Consumer? _consumer;
    private long _epoch = command.HasConsumerEpoch ? (long)command.ConsumerEpoch : NoEpoch;
    private bool? _isActive;
    private bool _isOpen;
    private bool _isClosed;
    private bool _isAtEnd;

    /// <summary>Its number on the connection.</summary>
    public long Id { get; } = (long)command.ConsumerId;

    /// <summary>The consumer and its topic, once it is attached and until it is closed.</summary>
    public (Topic Topic, Consumer Consumer)? Attached
    {
        get
        {
            lock (_gate)
            {
                return _isOpen && !_isClosed ? (_topic!, _consumer!) : null;
            }
        }
    }

    /// <summary>The broker has attached it: the client is told.</summary>
    /// <returns>False when it was closed meanwhile; then the client is not told.</returns>
    public bool Open(Topic topic, Consumer consumer)
    {
        lock (_gate)
        {
            (_topic, _consumer) = (topic, consumer);
            _isOpen = true;
            if (!_isClosed)
            {
                connection.Output.Write(new BaseCommand { Type = CommandType.Success, Success = new CommandSuccess { RequestId = _requestId } });
                if (_isActive is { } isActive)
                {
                    WriteActive(isActive);
                }

                if (_isAtEnd)
                {
                    WriteEnd();
                }

                return true;
            }
        }

        consumer.Detach();
        return false;
    }

    /// <summary>The client has room for further messages.</summary>
    public void Permit(int permits)
    {
        lock (_gate)
        {
            _window.Add(permits);
        }

        PassOn();
    }

    /// <summary>Passes permits on that were held back, as far as there is room; for the rest it is asked again after a send.</summary>
    public void PassOn()
    {
        Consumer? consumer;
        int permits;
        bool isWaiting;
        lock (_gate)
        {
            consumer = _isOpen && !_isClosed ? _consumer : null;
            permits = consumer is null ? 0 : _window.Take(connection.Output.Pending);
            isWaiting = consumer is not null && _window.Held > 0;
        }

        if (isWaiting)
        {
            connection.Sessions.AskAgain(this);
        }

        if (permits > 0)
        {
            consumer!.Permit(permits);
        }
    }

    /// <summary>The client counts how often it has had everything delivered anew: what it gets from now on carries the number.</summary>
    public void CountEpoch(long counted) => Volatile.Write(ref _epoch, counted);

    /// <summary>It is closed by the client, or its connection is gone.</summary>
    /// <returns>Whether it was open.</returns>
    public bool Close()
    {
        Consumer? consumer;
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            _isClosed = true;
            consumer = _consumer;
        }

        consumer?.Detach();
        return true;
    }

    /// <inheritdoc/>
    public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
    {
        long bytes = 0;
        var messages = 0;
        foreach (ref readonly var entry in entries)
        {
            bytes += entry.Data.Length;
            messages += entry.Permits;
        }

        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _window.Delivered(messages, bytes);
        }

        var counted = Volatile.Read(ref _epoch);
        connection.Output.WriteMessages(Id, entries, partition, counted == NoEpoch ? null : counted);
    }

    /// <inheritdoc/>
    public void ActiveChanged(bool isActive)
    {
        lock (_gate)
        {
            _isActive = isActive;
            if (_isOpen && !_isClosed)
            {
                WriteActive(isActive);
            }
        }
    }

    /// <inheritdoc/>
    public void EndReached()
    {
        lock (_gate)
        {
            _isAtEnd = true;
            if (_isOpen && !_isClosed)
            {
                WriteEnd();
            }
        }
    }

    /// <inheritdoc/>
    public void Closed(CloseReason reason)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            if (!_isOpen)
            {
                return;
            }
        }

        connection.Sessions.Forget(this);
        connection.Output.Write(new BaseCommand
        {
            Type = CommandType.CloseConsumer,
            CloseConsumer = new CommandCloseConsumer { ConsumerId = (ulong)Id, RequestId = PulsarConnection.NoRequest },
        });
    }

    // Of an exclusive one clients know it.
    private void WriteActive(bool isActive)
    {
        if (_isFailover)
        {
            connection.Output.Write(new BaseCommand
            {
                Type = CommandType.ActiveConsumerChange,
                ActiveConsumerChange = new CommandActiveConsumerChange { ConsumerId = (ulong)Id, IsActive = isActive },
            });
        }
    }

    private void WriteEnd() => connection.Output.Write(new BaseCommand
    {
        Type = CommandType.ReachedEndOfTopic,
        ReachedEndOfTopic = new CommandReachedEndOfTopic { ConsumerId = (ulong)Id },
    });
}
