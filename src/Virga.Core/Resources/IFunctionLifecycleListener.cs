namespace Virga.Core.Resources;

/// <summary>Hears when function versions start and stop taking traffic.</summary>
public interface IFunctionLifecycleListener
{
    /// <summary>
    /// A version is about to take traffic: what it keeps warm is made ready first, so that no call waits for it. Awaited before the
    /// traffic moves.
    /// </summary>
    /// <exception cref="Problems.ProblemException">The version cannot be run, and must not take traffic.</exception>
    ValueTask PrepareAsync(FunctionVersion version, CancellationToken cancellation);

    /// <summary>
    /// A version is reached by calls from now on: deployed or given traffic. When the node starts, and when a function is scaled, it is called again for versions
    /// that keep instances without calls (<see cref="FunctionVersion.KeepsInstances"/>), and for these alone.
    /// </summary>
    void VersionLive(FunctionVersion version);

    /// <summary>A version is no longer reached by any call: its instances may finish what they do and end.</summary>
    void VersionRetired(FunctionVersion version);
}
