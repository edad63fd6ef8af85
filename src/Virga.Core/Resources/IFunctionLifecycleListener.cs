namespace Virga.Core.Resources;

/// <summary>Is told when versions of functions stop getting calls, so that their instances can be drained.</summary>
public interface IFunctionLifecycleListener
{
    /// <summary>
    /// No alias leads to the version any more, and no new call will be given this object. Calls that hold it already finish on it.
    /// Called on the path of the change that retired it: it must not block.
    /// </summary>
    void VersionRetired(FunctionVersion version);
}
