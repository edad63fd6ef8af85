using Virga.Topics.Subscriptions.Dispatch;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>Runs what subscriptions have to do in the world, a moment later.</summary>
internal sealed class WorldQueue(SimulatedWorld world, double mostMilliseconds = 0) : IDispatchQueue
{
    /// <summary>The broker has crashed: nothing of it runs any more.</summary>
    public bool IsDead { get; set; }

    public void Post(IThreadPoolWorkItem work) => world.After(mostMilliseconds > 0 ? world.Between(0, mostMilliseconds) : TimeSpan.Zero, () =>
    {
        if (!IsDead)
        {
            work.Execute();
        }
    });
}
