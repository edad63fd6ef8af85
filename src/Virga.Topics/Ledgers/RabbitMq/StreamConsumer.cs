using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>A channel that consumes one stream from a place on. RabbitMQ gives a consumer only what a majority of the stream's replicas has.</summary>
internal sealed class StreamConsumer : AsyncDefaultBasicConsumer, IAsyncDisposable
{
    /// <summary>Begins with what comes from now on.</summary>
    public const string FromNext = "next";

    private readonly string _queue;
    private readonly IStreamSink _sink;

    // Held while something is sent: RabbitMQ closes the whole connection when anything comes for a channel that is closed.
    private readonly SemaphoreSlim _sending = new(1, 1);
    private bool _isClosed;

    /// <param name="channel">Its own channel, which is closed with it.</param>
    /// <param name="queue">The stream.</param>
    /// <param name="sink">Takes the records.</param>
    public StreamConsumer(IChannel channel, string queue, IStreamSink sink)
        : base(channel)
    {
        _queue = queue;
        _sink = sink;
    }

    /// <summary>Begins to consume; where that fails, its channel is closed.</summary>
    /// <param name="offset">The first place, a number or <see cref="FromNext"/>.</param>
    /// <param name="prefetch">How many records may come before they are acknowledged.</param>
    /// <param name="cancellation">Breaks off.</param>
    public async Task BeginAsync(object offset, int prefetch, CancellationToken cancellation)
    {
        try
        {
            await RabbitMqConnections.InTimeAsync(() => BeginConsumingAsync(offset, prefetch, cancellation), cancellation);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Tells RabbitMQ that it may send more.</summary>
    public async ValueTask AcknowledgeAsync(ulong tag, bool multiple)
    {
        await _sending.WaitAsync();
        try
        {
            if (!_isClosed)
            {
                await Channel.BasicAckAsync(tag, multiple);
            }
        }
        finally
        {
            _sending.Release();
        }
    }

    public override async Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        try
        {
            if (properties.Headers is not { } headers || !headers.TryGetValue("x-stream-offset", out var offset) || offset is not long place || !StreamRecord.TryRead(body.Span, out var record))
            {
                await AcknowledgeAsync(deliveryTag, multiple: false);
                return;
            }

            await _sink.OnRecordAsync(this, deliveryTag, place, record, body[StreamRecord.Size..]);
        }
        catch (Exception exception) when (exception is LedgerStoreException || RabbitMqFaults.IsKnown(exception))
        {
            _sink.OnEnded(this, exception);
        }
    }

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
    {
        _sink.OnEnded(this, RabbitMqFaults.Interrupted(reason));
        return base.HandleChannelShutdownAsync(channel, reason);
    }

    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        // The stream was deleted, or its replica on this server has gone.
        _sink.OnEnded(this, new IOException($"RabbitMQ has ended the consumer of '{_queue}'."));
        return base.HandleBasicCancelAsync(consumerTag, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _sending.WaitAsync();
        _isClosed = true;
        _sending.Release();
        try
        {
            await Channel.DisposeAsync();
        }
        catch (Exception exception) when (RabbitMqFaults.IsKnown(exception))
        {
            // The connection is gone, and with it the channel: that is what was asked for.
            return;
        }
    }

    private async Task<bool> BeginConsumingAsync(object offset, int prefetch, CancellationToken cancellation)
    {
        await Channel.BasicQosAsync(0, (ushort)prefetch, global: false, cancellation);
        await Channel.BasicConsumeAsync(
            _queue, autoAck: false, consumerTag: "", noLocal: false, exclusive: false, new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = offset }, this, cancellation);
        return true;
    }
}
