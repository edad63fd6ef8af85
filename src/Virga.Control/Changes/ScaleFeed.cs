using System.Collections.Immutable;
using Virga.Control.Metadata;
using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Control.Changes;

/// <summary>Hands the autoscaler's decisions to those who follow the change feed. They are news, not history: nothing is stored.</summary>
internal sealed class ScaleFeed : IScaleObserver
{
    /// <summary>How many decisions wait for one reader.</summary>
    public const int Capacity = 1000;

    private ImmutableArray<ScaleFollower> _followers = [];

    public void Scaled(ScaleEvent change)
    {
        foreach (var follower in _followers)
        {
            follower.Offer(change);
        }
    }

    /// <summary>Follows the functions of a scope from now on; disposing the result ends it.</summary>
    public ScaleFollower Follow(Scope scope, int capacity = Capacity)
    {
        var follower = new ScaleFollower(this, scope, capacity);
        ImmutableInterlocked.Update(ref _followers, static (all, one) => all.Add(one), follower);
        return follower;
    }

    public void Leave(ScaleFollower follower) => ImmutableInterlocked.Update(ref _followers, static (all, one) => all.Remove(one), follower);
}
