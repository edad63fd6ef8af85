using Virga.Topics.Ledgers;
using Virga.Topics.Metadata;

namespace Virga.Topics.Tests.Subscriptions.Simulation;

/// <summary>One run of a broker: when it is dead, nothing that it had begun goes on, and no write of its reaches the metadata.</summary>
internal sealed class SimulatedBroker(SimulatedWorld world, SubscriptionPlan plan, MemoryMetadata metadata, PlantedBug bug) : ITopicMetadata
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    public SimulatedTime Time { get; } = new(world, bug == PlantedBug.RunsAhead ? TimeSpan.FromMilliseconds(50) : TimeSpan.Zero);

    public WorldQueue Queue { get; } = new(world, 0.3);

    /// <summary>Faults are over.</summary>
    public bool IsCalm { get; set; }

    private bool IsDead => Queue.IsDead;

    public void Die() => Queue.IsDead = Time.IsDead = true;

    public ValueTask OpenAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask<MetadataValue?> GetAsync(string key, CancellationToken cancellation) => metadata.GetAsync(key, cancellation);

    public async ValueTask<long[]> WriteAsync(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation)
    {
        await world.Pause(world.Between(0.05, 4));
        if (IsDead)
        {
            await Never;
        }

        var fault = !IsCalm && world.Random.Chance(plan.MetadataFaults);
        if (fault && world.Random.Chance(0.5))
        {
            throw new IOException("The metadata cannot be reached.");
        }

        var versions = bug == PlantedBug.ForgetsWrites && writes[0].Expected > 1
            ? [writes[0].Expected!.Value]
            : await metadata.WriteAsync(writes, cancellation);
        await world.Pause(world.Between(0.05, 1));
        if (IsDead)
        {
            await Never;
        }

        return fault ? throw new IOException("The connection broke.") : versions;
    }

    public ValueTask<IReadOnlyList<KeyValuePair<string, MetadataValue>>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellation) => metadata.ListAsync(prefix, after, limit, cancellation);

    public ValueTask<LedgerId> NextLedgerAsync(CancellationToken cancellation) => metadata.NextLedgerAsync(cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
