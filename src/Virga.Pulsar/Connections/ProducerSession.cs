using Virga.Core.Problems;
using Virga.Pulsar.Errors;
using Virga.Pulsar.Protocol;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Connections;

/// <summary>One producer of a connection: what the broker tells it goes to the client.</summary>
internal sealed class ProducerSession(PulsarConnection connection, long id, long requestId, int partition) : IProducerSink
{
    // Guards what follows; held for reading and setting it.
    private readonly Lock _gate = new();
    private Producer? _producer;
    private ReadOnlyMemory<byte> _schemaVersion;
    private long? _closeRequest;
    private int _inFlight;
    private bool _isOpen;
    private bool _isClosed;
    private bool _isAdmitted;

    /// <summary>Its number on the connection.</summary>
    public long Id => id;

    /// <summary>Where its entries are put; of the connection's reading loop.</summary>
    public EntryMemory Memory { get; } = new();

    /// <summary>The producer, once it is attached and until it is closed.</summary>
    public Producer? Producer
    {
        get
        {
            lock (_gate)
            {
                return _isOpen && !_isClosed ? _producer : null;
            }
        }
    }

    /// <summary>The broker has attached it: the client is told.</summary>
    /// <returns>False when it was closed meanwhile; then the client is not told.</returns>
    public bool Open(Producer producer, ReadOnlyMemory<byte> schemaVersion)
    {
        lock (_gate)
        {
            (_producer, _schemaVersion) = (producer, schemaVersion);
            _isOpen = true;
            if (!_isClosed)
            {
                producer.Drained += connection.Resume;
                _isAdmitted |= producer.IsAdmitted;
                Answer(producer, _isAdmitted);
                return true;
            }
        }

        producer.Detach();
        return false;
    }

    /// <summary>An entry begins its way.</summary>
    public void Began() => Interlocked.Increment(ref _inFlight);

    /// <summary>An entry has arrived.</summary>
    public void Published(long sequenceId, long highestSequenceId, Position position)
    {
        connection.Output.WriteReceipt(id, sequenceId, highestSequenceId, position, partition);
        Ended();
    }

    /// <summary>An entry has not arrived.</summary>
    public void Failed(long sequenceId, Problem problem)
    {
        if (problem.Fault == Fault.Platform)
        {
            // The same again is right, in the same order, wherever the topic is then: that is what clients do when their producer is closed.
            CloseByBroker();
        }
        else
        {
            Refuse(sequenceId, ServerErrors.Of(problem), ServerErrors.Text(problem));
        }

        Ended();
    }

    /// <summary>Tells the client that an entry is not taken.</summary>
    public void Refuse(long sequenceId, ServerError error, string text) => connection.Output.Write(new BaseCommand
    {
        Type = CommandType.SendError,
        SendError = new CommandSendError { ProducerId = (ulong)id, SequenceId = (ulong)sequenceId, Error = error, Message = text },
    });

    /// <summary>The client closes it: it is told when all that it has sent has arrived.</summary>
    public void CloseByClient(long request)
    {
        Producer? producer;
        lock (_gate)
        {
            _isClosed = true;
            _closeRequest = request;
            producer = _producer;
        }

        Detach(producer);
        AnswerClose();
    }

    /// <summary>The connection is gone.</summary>
    public void Abandon()
    {
        Producer? producer;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            producer = _producer;
        }

        Detach(producer);
    }

    /// <inheritdoc/>
    void IProducerSink.Closed(CloseReason reason) => CloseByBroker();

    /// <inheritdoc/>
    void IProducerSink.Admitted()
    {
        lock (_gate)
        {
            if (_isAdmitted || _isClosed)
            {
                return;
            }

            _isAdmitted = true;
            if (_isOpen)
            {
                Answer(_producer!, isReady: true);
            }
        }
    }

    private void CloseByBroker()
    {
        Producer? producer;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            producer = _producer;
            if (!_isOpen)
            {
                return;
            }
        }

        connection.Sessions.Forget(this);
        connection.Output.Write(new BaseCommand
        {
            Type = CommandType.CloseProducer,
            CloseProducer = new CommandCloseProducer { ProducerId = (ulong)id, RequestId = PulsarConnection.NoRequest },
        });
        Detach(producer);
    }

    private void Detach(Producer? producer)
    {
        if (producer is not null)
        {
            producer.Drained -= connection.Resume;
            producer.Detach();
            connection.Resume();
        }
    }

    private void Ended()
    {
        if (Interlocked.Decrement(ref _inFlight) == 0)
        {
            AnswerClose();
        }
    }

    private void AnswerClose()
    {
        long request;
        lock (_gate)
        {
            if (_closeRequest is not { } asked || Volatile.Read(ref _inFlight) != 0)
            {
                return;
            }

            request = asked;
            _closeRequest = null;
        }

        connection.Output.Write(new BaseCommand { Type = CommandType.Success, Success = new CommandSuccess { RequestId = (ulong)request } });
    }

    private void Answer(Producer producer, bool isReady)
    {
        var success = new CommandProducerSuccess
        {
            RequestId = (ulong)requestId,
            ProducerName = producer.Name,
            LastSequenceId = producer.LastSequenceId,
            SchemaVersion = Google.Protobuf.ByteString.CopyFrom(_schemaVersion.Span),
            ProducerReady = isReady,
        };
        if (producer.Options.Access != ProducerAccess.Shared && producer.TopicEpoch >= 0)
        {
            success.TopicEpoch = (ulong)producer.TopicEpoch;
        }

        connection.Output.Write(new BaseCommand { Type = CommandType.ProducerSuccess, ProducerSuccess = success });
    }
}
