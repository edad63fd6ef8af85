using Virga.Topics.Subscriptions;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>What one history is about, drawn from its seed.</summary>
internal sealed class SubscriptionPlan
{
    private readonly bool _isTakenForSingle;

    public SubscriptionPlan(SeededRandom random, PlantedBug bug)
    {
        Type = bug switch
        {
            PlantedBug.LetsKeysGo => SubscriptionType.KeyShared,
            PlantedBug.RunsAhead or PlantedBug.HasNoLimit or PlantedBug.SharesWithAll => SubscriptionType.Shared,
            _ => (SubscriptionType)random.Next(4),
        };
        Clients = 1 + random.Next(5);
        MaxUnacked = random.Chance(0.5) && !IsSingle ? 5 + random.Next(40) : 0;
        IsOrderedByKey = Type == SubscriptionType.KeyShared && !random.Chance(0.15);
        Ranges = Type == SubscriptionType.KeyShared && random.Chance(0.3) ? Cut(random) : null;
        Keys = 1 + random.Next(12);
        CrashChance = random.Chance(0.6) ? 0.05 : 0;
        MetadataFaults = random.Chance(0.3) ? 0.1 : 0;
        LogFaults = random.Chance(0.2) ? 0.1 : 0;
        MovesChance = random.Chance(0.4) ? 0.08 : 0;
        Markers = MovesChance == 0 ? 0.05 : 0;
        FetchChance = random.Chance(0.5) ? 0.3 : 0;
        Batches = random.Chance(0.6) ? 0.4 : 0;
        Delays = random.Chance(0.5) ? 0.2 : 0;
        Options = new DispatchOptions
        {
            MaxUnackedPerConsumer = MaxUnacked,
            MaxUnackedPerSubscription = random.Chance(0.3) ? 10 + random.Next(60) : 0,
            MaxWaiting = 1 + random.Next(60),
            MaxDelayed = 1 + random.Next(10),
            ReadEntries = 1 + random.Next(40),
            ReadBytes = random.Chance(0.3) ? 100 : 100_000,
            CursorInterval = TimeSpan.FromMilliseconds(1 + random.Next(300)),
            Rate = random.Chance(0.2) ? new DispatchRate(2000 + random.Next(10_000), 0) : default,
        };
        if (bug == PlantedBug.HasNoLimit)
        {
            MaxUnacked = 5;
            Options = Options with { MaxUnackedPerConsumer = 0 };
        }
        else if (bug == PlantedBug.LetsKeysGo)
        {
            (IsOrderedByKey, AllowsOutOfOrder) = (true, true);
        }
        else if (bug == PlantedBug.SharesWithAll)
        {
            Clients = 3;
        }

        AllowsOutOfOrder |= Type == SubscriptionType.KeyShared && !IsOrderedByKey;
        _isTakenForSingle = bug == PlantedBug.SharesWithAll;
    }

    public SubscriptionType Type { get; }

    public bool IsSingle => _isTakenForSingle || Type is SubscriptionType.Exclusive or SubscriptionType.Failover;

    public int Clients { get; }

    public int MaxUnacked { get; }

    public bool IsOrderedByKey { get; }

    public bool AllowsOutOfOrder { get; }

    /// <summary>The slots that each client asks for; null where the broker deals them out.</summary>
    public (int First, int Last)[][]? Ranges { get; }

    public int Keys { get; }

    public double CrashChance { get; }

    public double MetadataFaults { get; }

    public double LogFaults { get; }

    /// <summary>How often somebody seeks, skips, clears, trims.</summary>
    public double MovesChance { get; }

    /// <summary>How often a broker writes something for other brokers among the messages.</summary>
    public double Markers { get; }

    public double FetchChance { get; }

    public double Batches { get; }

    public double Delays { get; }

    public DispatchOptions Options { get; }

    private (int First, int Last)[][] Cut(SeededRandom random)
    {
        var ranges = new List<(int First, int Last)>[Clients];
        for (var i = 0; i < Clients; i++)
        {
            ranges[i] = [];
        }

        var next = 0;
        for (var start = 0; start < KeyHash.Slots;)
        {
            // Each has one at least.
            var end = Math.Min(KeyHash.Slots - 1, start + 2000 + random.Next(11_000));
            ranges[next < Clients ? next++ : random.Next(Clients)].Add((start, end));
            start = end + 1;
        }

        return [.. ranges.Select(static list => list.ToArray())];
    }
}
