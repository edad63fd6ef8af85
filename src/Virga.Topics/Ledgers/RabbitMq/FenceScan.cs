using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using RabbitMQ.Client;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>
/// Puts a fence into a ledger's stream and finds where the ledger ends before it. As in BookKeeper's recovery, only the end is read: each entry says up to which one all were
/// confirmed when it was sent, and those are in the stream before it.
/// </summary>
internal sealed class FenceScan(RabbitMqConnections connections, string queue, WriterEpoch epoch, long number)
{
    private const int Prefetch = 200;
    private const int FirstWindow = 64;

    /// <summary>Fences, and gives the end.</summary>
    public async Task<LedgerEnd> RunAsync(CancellationToken cancellation)
    {
        var fence = await FenceAsync(cancellation);
        for (long window = FirstWindow; ; window *= 4)
        {
            var from = Math.Max(0, fence - window);
            var entries = await ReadAsync(from, fence, cancellation);
            if (entries.Count > 0)
            {
                return await EndOfAsync(entries, from, fence, cancellation);
            }

            if (from == 0)
            {
                return new LedgerEnd(-1, 0);
            }
        }
    }

    private async Task<LedgerEnd> EndOfAsync(List<StreamRecord> entries, long from, long fence, CancellationToken cancellation)
    {
        long confirmed = -1;
        foreach (var entry in entries)
        {
            confirmed = Math.Max(confirmed, entry.LastConfirmed);
        }

        // Where it was not read already: no entry is at a smaller offset than its own number.
        if (from > 0 && !entries.Exists(entry => entry.Number == Math.Max(0, confirmed)))
        {
            entries = await ReadAsync(Math.Max(0, confirmed), fence, cancellation);
        }

        // Entry by entry, beginning with the last one that was confirmed.
        var end = new LedgerEnd(Math.Max(-1, confirmed - 1), 0);
        foreach (var entry in entries)
        {
            if (entry.Number == end.LastEntry + 1)
            {
                end = new LedgerEnd(entry.Number, entry.TotalBytes);
            }
        }

        return end.LastEntry >= confirmed ? end : throw new LedgerCorruptedException($"The stream '{queue}' lacks entry {confirmed}, which was confirmed. Restore RabbitMQ's data from a replica or a backup.");
    }

    // The offset of the fence. The consumer begins before it is sent: what is behind "next" is known to come.
    private async Task<long> FenceAsync(CancellationToken cancellation)
    {
        var sink = new RecordQueue();
        await using var consumer = new StreamConsumer(await connections.OpenChannelAsync(hasConfirms: true, cancellation), queue, sink);
        await consumer.BeginAsync(StreamConsumer.FromNext, Prefetch, cancellation);
        var message = new byte[StreamRecord.Size];
        new StreamRecord(StreamRecordKind.Fence, epoch.Value, number, -1, 0).Write(message, []);
        await consumer.Channel.BasicPublishAsync("", queue, mandatory: false, new BasicProperties(), message, cancellation);
        while (true)
        {
            var (offset, record) = await sink.NextAsync(cancellation);
            if (record.Kind == StreamRecordKind.Fence && record.Epoch == epoch.Value && record.Number == number)
            {
                return offset;
            }
        }
    }

    // The entries of a part of the stream, without their data.
    private async Task<List<StreamRecord>> ReadAsync(long from, long to, CancellationToken cancellation)
    {
        var sink = new RecordQueue();
        await using var consumer = new StreamConsumer(await connections.OpenChannelAsync(hasConfirms: false, cancellation), queue, sink);
        await consumer.BeginAsync(from, Prefetch, cancellation);
        var entries = new List<StreamRecord>();
        while (true)
        {
            var (offset, record) = await sink.NextAsync(cancellation);
            if (offset >= to)
            {
                return entries;
            }

            if (record.Kind == StreamRecordKind.Entry)
            {
                entries.Add(record);
            }
        }
    }

    private sealed class RecordQueue : IStreamSink
    {
        private readonly Channel<(long Offset, StreamRecord Record)> _records = Channel.CreateUnbounded<(long, StreamRecord)>(new UnboundedChannelOptions { SingleReader = true });

        public async ValueTask<(long Offset, StreamRecord Record)> NextAsync(CancellationToken cancellation)
        {
            try
            {
                return await _records.Reader.ReadAsync(cancellation);
            }
            catch (ChannelClosedException exception) when (exception.InnerException is { } reason)
            {
                ExceptionDispatchInfo.Throw(reason);
                throw;
            }
        }

        public ValueTask OnRecordAsync(StreamConsumer consumer, ulong tag, long offset, StreamRecord record, ReadOnlyMemory<byte> data)
        {
            _records.Writer.TryWrite((offset, record));
            return consumer.AcknowledgeAsync(tag, multiple: false);
        }

        public void OnEnded(StreamConsumer consumer, Exception reason) => _records.Writer.TryComplete(reason);
    }
}
