using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>The tier L1: a sandbox that is stopped as it is, its memory in swap, and goes on where it was.</summary>
internal sealed partial class SandboxProcess
{
    /// <summary>Whether <see cref="FreezeAsync"/> works for this sandbox.</summary>
    internal bool CanFreeze => _cgroup is { CanFreeze: true };

    /// <summary>Whether freezing can free its memory: there is swap.</summary>
    internal bool CanPushOut => CanFreeze && SwapSpace.Read().FreeBytes > 0;

    /// <summary>Whether it was frozen and not thawed since.</summary>
    internal bool IsFrozen => _cgroup is { IsFrozen: true };

    /// <summary>
    /// Stops every process of the sandbox: it uses no CPU time from then on. For a sandbox without calls; what it was
    /// doing by itself goes on after the thaw.
    /// </summary>
    /// <param name="pushOutMemory">Then write its memory to swap, if there is some: that takes some 4 ms per MB on a thread of its own, one sandbox after the other.</param>
    /// <param name="frozen">Called once it is stopped, before its memory is written to swap.</param>
    /// <returns>True when the sandbox is frozen; false when it was thawed meanwhile, or has ended.</returns>
    /// <exception cref="SandboxException">It cannot be frozen; it runs as before.</exception>
    internal async Task<bool> FreezeAsync(bool pushOutMemory, CancellationToken cancellation, Action? frozen = null)
    {
        if (_cgroup is not { CanFreeze: true } cgroup)
        {
            throw new SandboxException($"Instance {_spec.InstanceId} cannot be frozen: it has no freezer control group.");
        }

        cancellation.ThrowIfCancellationRequested();
        try
        {
            if (Exited.IsCompleted || !await cgroup.FreezeAsync(_time, cancellation))
            {
                return false;
            }

            // Of cgroup v1, a process that was killed while it was frozen, and was frozen again before it could end.
            if (ProcessTable.IsKilled(Pid))
            {
                Kill();
                return false;
            }

            frozen?.Invoke();
            if (pushOutMemory && SwapSpace.Read().FreeBytes > 0)
            {
                await PushOutAsync(cgroup, cancellation);
            }

            return IsFrozen && !Exited.IsCompleted;
        }
        catch (IOException failure)
        {
            throw new SandboxException($"Instance {_spec.InstanceId} could not be frozen: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Lets a frozen sandbox run on, whatever <see cref="FreezeAsync"/> is at; does nothing to one that runs or has ended.
    /// Takes some 0.15 ms. Memory in swap comes back as the worker touches it.
    /// </summary>
    /// <exception cref="SandboxException">The kernel refused: the sandbox has to be killed.</exception>
    internal void Thaw()
    {
        try
        {
            _cgroup?.Thaw();
        }
        catch (IOException failure)
        {
            throw new SandboxException($"Instance {_spec.InstanceId} could not be thawed: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// The memory that the sandbox occupies now, without what is in swap and without pages of files: what its control group
    /// is charged with, else what its processes hold with their part of what they share. Zero once it has ended.
    /// </summary>
    internal long ResidentBytes() => _cgroup?.ResidentBytes ?? ProcessTable.TreeOf(Pid).Sum(ProcessTable.ProportionalMemoryOf);

    private async Task PushOutAsync(Cgroup cgroup, CancellationToken cancellation)
    {
        try
        {
            _ = await _pushOut.RunAsync(() => cgroup.PushOut(cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
        catch (Exception)
        {
            cgroup.Thaw();
            throw;
        }
    }
}
