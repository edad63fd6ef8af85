using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using Virga.Topics.Subscriptions.Cursors;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>
/// One history of a subscription, drawn from a seed: producers, consumers that come, go and crash, a broker that crashes and recovers from what was durable, seeks and trims; at its end all is quiet
/// and everything must have been delivered.
/// </summary>
internal sealed class SubscriptionHistory
{
    public static readonly SubscriptionName Name = SubscriptionName.Parse("s");
    private static readonly TopicName Topic = TopicName.Parse("t");
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly PlantedBug _bug;
    private readonly MemoryLog _log = new();
    private readonly MemoryMetadata _metadata = new();
    private readonly List<SimulatedClient> _clients = [];
    private readonly List<Task> _promises = [];
    private SimulatedBroker _broker;
    private long _sequence;
    private int _seeks;
    private bool _isSeeking;
    private bool _isOver;

    private SubscriptionHistory(ulong seed, PlantedBug bug)
    {
        _bug = bug;
        World = new SimulatedWorld(seed);
        Plan = new SubscriptionPlan(World.Random, bug);
        Checker = new SubscriptionChecker(World, Plan);
        _broker = new SimulatedBroker(World, Plan, _metadata, bug);
        _log.Fetching = () => World.Pause(World.Between(0.01, 3));
        _log.Failing = () => !_isOver && !Checker.IsBetween && World.Random.Chance(Plan.LogFaults) ? new IOException("The log cannot be read.") : null;
        _log.Hides = bug == PlantedBug.HidesEntries ? _ => World.Random.Chance(0.02) : null;
    }

    public SimulatedWorld World { get; }

    public SubscriptionPlan Plan { get; }

    public SubscriptionChecker Checker { get; }

    public CursorSubscription Subscription { get; private set; } = null!;

    public int Crashes { get; private set; }

    public long Now => _broker.Time.GetUtcNow().ToUnixTimeMilliseconds() - (_bug == PlantedBug.RunsAhead ? 50 : 0);

    private SeededRandom Random => World.Random;

    public static SubscriptionHistory Run(ulong seed, PlantedBug bug = PlantedBug.None, Action<string>? listener = null)
    {
        var history = new SubscriptionHistory(seed, bug);
        history.World.Listener = listener;
        try
        {
            history.World.Run(history.LiveAsync, Limit);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            history.Checker.Report($"failure: {e}");
        }

        return history;
    }

    /// <summary>What a client has acknowledged so far is to be durable; it waits for that.</summary>
    public void Promise(Consumer consumer) => _promises.Add(PromiseAsync(consumer));

    private async Task PromiseAsync(Consumer consumer)
    {
        var (broker, seeks, promise) = (_broker, _seeks, Checker.Promise());
        try
        {
            await consumer.AcknowledgedAsync(CancellationToken.None);
            if (broker == _broker && seeks == _seeks)
            {
                Checker.Kept(promise);
            }
        }
        catch (Exception e) when (e is ProblemException or ObjectDisposedException)
        {
            World.Trace("not stored");
        }
    }

    private async Task LiveAsync()
    {
        await OpenAsync();
        for (var i = 0; i < Plan.Clients; i++)
        {
            _clients.Add(new SimulatedClient(this, i));
        }

        var steps = 60 + Random.Next(200);
        for (var step = 0; step < steps; step++)
        {
            await World.Pause(World.Between(0, 3));
            if (Random.Chance(0.5))
            {
                Publish(1 + Random.Next(8));
            }

            foreach (var client in _clients)
            {
                client.Act();
            }

            if (Random.Chance(Plan.MovesChance))
            {
                await MoveAsync();
            }

            if (Random.Chance(Plan.CrashChance))
            {
                await CrashAsync();
            }
        }

        await CalmAsync();
    }

    private async Task OpenAsync()
    {
        var context = new SubscriptionContext(Topic, _log, _broker, _broker.Time, NullLogger.Instance, new Random((int)World.Random.Next(int.MaxValue)), Plan.Options) { Queue = _broker.Queue };
        while (true)
        {
            try
            {
                Subscription = await CursorSubscription.OpenAsync(context, Name, new ConsumerOptions { Subscription = Name, Start = new MessageId(Position.Earliest) }, CancellationToken.None);
                return;
            }
            catch (IOException)
            {
                // The metadata cannot be reached: again.
            }
        }
    }

    private async Task CrashAsync()
    {
        Crashes++;
        World.Trace("crash");
        _broker.Die();
        foreach (var client in _clients)
        {
            client.Lose();
        }

        _broker = new SimulatedBroker(World, Plan, _metadata, _bug);
        await World.Pause(World.Between(0, 5));
        var stored = await _metadata.GetAsync(CursorRecord.KeyOf(Topic, Name), CancellationToken.None);
        Checker.Recovered(CursorCodec.Decode(stored!.Value.Bytes.Span)!, _isSeeking);
        _isSeeking = false;
        await OpenAsync();
    }

    private void Publish(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var key = $"k{Random.Next(Plan.Keys)}";
            var now = _broker.Time.GetUtcNow();
            var at = DateTimeOffset.FromUnixTimeMilliseconds(Now);
            byte[] entry;
            var messages = 1;
            long deliverAt = 0;
            if (Random.Chance(Plan.Batches))
            {
                messages = 1 + Random.Next(20);
                entry = MessageWriter.WriteBatch([.. Enumerable.Range(0, messages).Select(_ => new OutgoingMessage { Payload = Encoding.UTF8.GetBytes("x"), Key = key })], "p", _sequence, at);
            }
            else
            {
                var delayed = Random.Chance(Plan.Delays) ? at + TimeSpan.FromMilliseconds(1 + Random.Next(100)) : (DateTimeOffset?)null;
                deliverAt = delayed?.ToUnixTimeMilliseconds() ?? 0;
                entry = MessageWriter.Write(new OutgoingMessage { Payload = Encoding.UTF8.GetBytes("x"), Key = key, DeliverAt = delayed }, "p", _sequence, at);
            }

            _sequence += messages;
            var isMarker = Random.Chance(Plan.Markers);
            entry = isMarker ? MarkerEntry.Of(entry) : entry;
            MessageCodec.TryReadHeader(entry, out var header);
            if (Random.Chance(0.02))
            {
                _log.Roll();
            }

            var position = _log.Append(entry);
            Checker.Published(new TrackedEntry(position, messages, KeyHash.SlotOf(header), deliverAt, header.PublishedAt, isMarker));
            if (Random.Chance(Plan.FetchChance))
            {
                _log.Cached = position;
            }
        }

        Subscription.Appended();
    }

    private async Task MoveAsync()
    {
        try
        {
            var move = Random.Next(6);
            World.Trace("move", (ulong)move);
            switch (move)
            {
                case 0 or 1:
                    _log.Trim(Subscription.Forgettable);
                    Checker.Trimmed(_log.First);
                    break;
                case 2:
                    await SkipAsync();
                    break;
                case 3 when Random.Chance(0.3):
                    Checker.AcknowledgedThrough(_log.Last);
                    await Subscription.ClearAsync(CancellationToken.None);
                    break;
                case 4:
                    await ExpireAsync();
                    break;
                default:
                    await SeekAsync();
                    break;
            }
        }
        catch (ProblemException e) when (e.Problem.Slug is "unavailable")
        {
            World.Trace($"not moved: {e.Problem.Detail}");
        }
    }

    private ValueTask SkipAsync()
    {
        var count = 1 + Random.Next(10);
        for (int i = Checker.FirstOpen(), left = count; i < Checker.Entries.Count && left > 0; i++)
        {
            if (!Checker.Entries[i].IsAcknowledged)
            {
                Checker.Acknowledged(Checker.Entries[i], 0);
                left--;
            }
        }

        return Subscription.SkipAsync(count, CancellationToken.None);
    }

    private ValueTask ExpireAsync()
    {
        var before = Now - Random.Next(50);
        foreach (var entry in Checker.Entries)
        {
            if (entry.PublishedAt >= before)
            {
                break;
            }

            Checker.Acknowledged(entry, 0);
        }

        return Subscription.ExpireAsync(DateTimeOffset.FromUnixTimeMilliseconds(before), CancellationToken.None);
    }

    private async Task SeekAsync()
    {
        var first = _log.First;
        var there = Checker.Entries.Where(entry => entry.Position >= first).ToList();
        if (there.Count == 0)
        {
            return;
        }

        var target = Random.Pick(there);
        var batch = target.Messages > 1 && Random.Chance(0.5) ? Random.Next(target.Messages) : -1;
        (_isSeeking, _seeks) = (true, _seeks + 1);
        ulong After(TrackedEntry entry) => entry.Position < target.Position ? 0
            : entry == target && batch > 0 ? TrackedEntry.All(entry.Messages) & (ulong.MaxValue << batch)
            : TrackedEntry.All(entry.Messages);

        // What is delivered while the place is looked for belongs neither to before nor to after.
        Checker.IsBetween = true;
        try
        {
            await Subscription.SeekAsync(new MessageId(target.Position, -1, batch), CancellationToken.None);
            _isSeeking = false;
        }
        finally
        {
            Checker.IsBetween = false;
            Checker.Sought(After, isDurable: !_isSeeking);
        }
    }

    private async Task CalmAsync()
    {
        (_isOver, _broker.IsCalm) = (true, true);
        Subscription.Terminated();
        for (var turn = 0; turn < 4000; turn++)
        {
            foreach (var client in _clients)
            {
                client.Drain();
            }

            await World.Pause(TimeSpan.FromMilliseconds(1));
            if (Subscription.Backlog == 0)
            {
                break;
            }
        }

        if (Subscription.Backlog > 0)
        {
            Checker.Report($"stuck: {Subscription.Backlog} entries are not delivered, the first behind {Subscription.MarkDeleted}; {Subscription.Figures()}");
        }

        await World.Pause(TimeSpan.FromMilliseconds(20));
        foreach (var client in _clients.Where(static client => client is { IsAttached: true, KnowsEnd: false }))
        {
            Checker.Report($"end: {client} is not told that there is no more.");
        }

        Checker.CheckEnd();
        await Subscription.FlushAsync(CancellationToken.None);
        var figures = Subscription.Figures();
        if (figures.Unacknowledged != 0)
        {
            Checker.Report($"figures: {figures.Unacknowledged} messages are said to be unacknowledged.");
        }

        await Subscription.DisposeAsync();
        foreach (var promise in _promises.Where(static promise => promise.IsCompleted))
        {
            // Those that a crash has cut off never end.
            await promise;
        }
    }
}
