using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>Many of everything, and much of it, on the thread pool.</summary>
public sealed class ManyTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly MemoryLog _log = new();
    private readonly byte[] _entry = MessageWriter.Write(new OutgoingMessage { Payload = new byte[100], Key = "key" }, "producer", 1, DateTimeOffset.UnixEpoch);
    private readonly byte[] _batch = MessageWriter.WriteBatch([.. Enumerable.Range(0, 100).Select(static _ => new OutgoingMessage { Payload = new byte[100] })], "producer", 1, DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task Ten_thousand_subscriptions_of_one_topic_each_get_everything()
    {
        _log.Append(_entry);
        var subscriptions = new List<CursorSubscription>();
        var metadata = new MemoryMetadata();
        var sinks = new List<CountingSink>();
        for (var i = 0; i < 10_000; i++)
        {
            var subscription = await OpenAsync($"s{i}", metadata);
            subscriptions.Add(subscription);
            if (i % 2 == 0)
            {
                sinks.Add(CountingSink.Attach(subscription, SubscriptionType.Exclusive, 1000));
            }
        }

        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 9; i++)
        {
            _log.Append(_entry);
            subscriptions.ForEach(static subscription => subscription.Appended());
        }

        foreach (var sink in sinks)
        {
            await sink.UntilAsync(10, Limit);
        }

        output.WriteLine($"5,000 consumers of 10,000 subscriptions had 10 entries each after {clock.ElapsedMilliseconds} ms.");
        subscriptions.ShouldAllBe(static subscription => subscription.Backlog == 0 || !subscription.HasConsumers);
        foreach (var subscription in subscriptions)
        {
            await subscription.DisposeAsync();
        }
    }

    [Fact]
    public async Task Ten_thousand_consumers_share_one_subscription()
    {
        await using var subscription = await OpenAsync("s", new MemoryMetadata());
        var sinks = new List<CountingSink>();
        for (var i = 0; i < 10_000; i++)
        {
            sinks.Add(CountingSink.Attach(subscription, SubscriptionType.Shared, 5));
        }

        for (var i = 0; i < 50_000; i++)
        {
            _log.Append(_entry);
        }

        subscription.Appended();
        foreach (var sink in sinks)
        {
            await sink.UntilAsync(5, Limit);
        }

        foreach (var sink in sinks)
        {
            sink.Consumer.Detach();
        }

        subscription.HasConsumers.ShouldBeFalse();
    }

    [Theory]
    [InlineData(SubscriptionType.Exclusive, false)]
    [InlineData(SubscriptionType.Exclusive, true)]
    [InlineData(SubscriptionType.Shared, false)]
    [InlineData(SubscriptionType.Shared, true)]
    [InlineData(SubscriptionType.KeyShared, false)]
    public async Task Much_is_delivered_and_acknowledged(SubscriptionType type, bool isBatched)
    {
        const int Entries = 300_000;
        var (entry, messages) = isBatched ? (_batch, 100) : (_entry, 1);
        for (var i = 0; i < Entries; i++)
        {
            _log.Append(entry);
        }

        await using var subscription = await OpenAsync("s", new MemoryMetadata(), new DispatchOptions { MaxUnackedPerConsumer = 0, MaxUnackedPerSubscription = 0 });
        var before = GC.GetTotalAllocatedBytes();
        var clock = Stopwatch.StartNew();
        var sink = CountingSink.Attach(subscription, type, 100_000);
        await sink.UntilAsync((long)Entries * messages, Limit);
        var seconds = clock.Elapsed.TotalSeconds;
        output.WriteLine($"{type}: {Entries / seconds:N0} entries/s, {(double)Entries * messages / seconds:N0} messages/s, {(GC.GetTotalAllocatedBytes() - before) / Entries} bytes allocated an entry.");
        subscription.Backlog.ShouldBe(0);
    }

    private ValueTask<CursorSubscription> OpenAsync(string name, MemoryMetadata metadata, DispatchOptions? options = null)
    {
        var context = new SubscriptionContext(TopicName.Parse("t"), _log, metadata, TimeProvider.System, NullLogger.Instance, new Random(1), options ?? new DispatchOptions());
        return CursorSubscription.OpenAsync(context, SubscriptionName.Parse(name), SubscriptionBench.Options(name), CancellationToken.None);
    }

    /// <summary>Acknowledges what it is given, permits as much again, and counts.</summary>
    private sealed class CountingSink : IConsumerSink
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly BatchAck[] _acks = new BatchAck[64];
        private long _count;
        private long _wanted = long.MaxValue;
        private int _spent;

        public Consumer Consumer { get; private set; } = null!;

        public static CountingSink Attach(CursorSubscription subscription, SubscriptionType type, int permits)
        {
            var sink = new CountingSink();
            sink.Consumer = subscription.Attach(SubscriptionBench.Options(subscription.Name.Value, type), sink);
            sink.Consumer.Permit(permits);
            return sink;
        }

        public Task UntilAsync(long count, TimeSpan limit)
        {
            // Seen by who counts, or their count is seen here: a write that is only volatile may come after the read behind it.
            Interlocked.Exchange(ref _wanted, count);
            if (Volatile.Read(ref _count) >= count)
            {
                _reached.TrySetResult();
            }

            return _reached.Task.WaitAsync(limit);
        }

        public void Deliver(ReadOnlySpan<DeliveredEntry> entries)
        {
            long count = _count;
            for (var at = 0; at < entries.Length;)
            {
                var some = 0;
                for (; at < entries.Length && some < _acks.Length; at++)
                {
                    _acks[some++] = new BatchAck(entries[at].Position);
                    count += entries[at].Messages;
                    _spent += entries[at].Messages;
                }

                Consumer.Acknowledge(_acks.AsSpan(0, some));
            }

            if (_spent >= 1000)
            {
                Consumer.Permit(_spent);
                _spent = 0;
            }

            Interlocked.Exchange(ref _count, count);
            if (count >= Volatile.Read(ref _wanted))
            {
                _reached.TrySetResult();
            }
        }

        public void ActiveChanged(bool isActive)
        {
        }

        public void EndReached()
        {
        }

        public void Closed(CloseReason reason)
        {
        }
    }
}
