namespace Virga.Core.Invocations;

/// <summary>Hears of the autoscaler's decisions.</summary>
public interface IScaleObserver
{
    /// <summary>Called after a decision has changed the number of instances wanted; must not block.</summary>
    void Scaled(ScaleEvent change);
}
