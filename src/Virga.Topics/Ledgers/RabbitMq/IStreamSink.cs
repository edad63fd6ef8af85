namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>Takes what a consumer of a stream is given; called by one thread at a time, in the order of the stream.</summary>
internal interface IStreamSink
{
    /// <summary>A record.</summary>
    /// <param name="consumer">Who brings it.</param>
    /// <param name="tag">By which it is acknowledged.</param>
    /// <param name="offset">Its place in the stream.</param>
    /// <param name="record">Its header.</param>
    /// <param name="data">Its data, for the duration of the call.</param>
    ValueTask OnRecordAsync(StreamConsumer consumer, ulong tag, long offset, StreamRecord record, ReadOnlyMemory<byte> data);

    /// <summary>Nothing more comes from this consumer.</summary>
    void OnEnded(StreamConsumer consumer, Exception reason);
}
