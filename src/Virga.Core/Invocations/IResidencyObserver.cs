using Virga.Core.Resources;

namespace Virga.Core.Invocations;

/// <summary>Takes note of what instances occupy over time.</summary>
public interface IResidencyObserver
{
    /// <summary>An instance of the function was in a tier for a time and occupied so many bytes: of memory, or of disk for <see cref="InstanceTier.Snapshot"/>.</summary>
    void Resident(FunctionVersion function, InstanceTier tier, TimeSpan time, long bytes);
}
