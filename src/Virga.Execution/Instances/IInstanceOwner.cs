namespace Virga.Execution.Instances;

/// <summary>The pool that an instance belongs to.</summary>
internal interface IInstanceOwner
{
    /// <summary>A call of the instance has ended: there is room for another.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="duration">How long the call took in it.</param>
    /// <returns>Calls that the instance still has.</returns>
    int OnCallClosed(Instance instance, TimeSpan duration);

    /// <summary>The instance must take no new calls.</summary>
    /// <returns>Calls that the instance still has.</returns>
    int OnRecycle(Instance instance);

    /// <summary>The instance is gone; its calls have been failed.</summary>
    void OnInstanceEnded(Instance instance);
}
