namespace Virga.Execution.Sandboxes;

/// <summary>
/// A gVisor sandbox that exists but holds nothing yet: a snapshot that was taken of a sandbox with the same specification
/// continues in it.
/// </summary>
internal sealed class PreparedSandbox(SandboxProcess process, GvisorFiles files, FileStream gate) : IAsyncDisposable
{
    private bool _restored;

    /// <summary>What it was made for.</summary>
    internal SandboxSpec Spec => process.Spec;

    /// <summary>Completes when it ends before it was used.</summary>
    internal Task Ended => process.Exited;

    /// <summary>
    /// Freezes it while it waits: gVisor's kernel wakes 1,000 times a second even when nothing runs in it, which takes some 4 % of a
    /// core. Does nothing where the machine cannot freeze.
    /// </summary>
    /// <exception cref="SandboxException">It cannot be frozen; it waits all the same.</exception>
    internal async Task ParkAsync(CancellationToken cancellation)
    {
        if (process.CanFreeze)
        {
            _ = await process.FreezeAsync(pushOutMemory: false, cancellation);
        }
    }

    /// <summary>
    /// Lets the image continue in this sandbox and gives up ownership of the process. Returns at once; an image that
    /// cannot be restored ends the process, with the reason in its error output.
    /// </summary>
    /// <param name="imageDirectory">The folder of the image.</param>
    /// <param name="memoryBytes">The worker's memory limit from now on.</param>
    /// <param name="cpu">Its cores from now on.</param>
    /// <param name="packageDirectory">The package that the worker had when the image was made.</param>
    /// <exception cref="SandboxException">The package cannot be attached, or the sandbox has ended.</exception>
    internal SandboxProcess Restore(string imageDirectory, string packageDirectory, long memoryBytes, double cpu)
    {
        process.UpdateLimits(memoryBytes, cpu);
        process.AttachPackage(packageDirectory);
        process.Thaw();
        try
        {
            Directory.CreateSymbolicLink(files.Image, Path.GetFullPath(imageDirectory));
            gate.Write("\n"u8);
        }
        catch (IOException failure)
        {
            throw new SandboxException($"The snapshot could not be handed to instance {Spec.InstanceId}: {failure.Message}", failure);
        }

        _restored = true;
        gate.Dispose();
        return process;
    }

    /// <summary>Ends the sandbox unless it was used.</summary>
    public async ValueTask DisposeAsync()
    {
        gate.Dispose();
        if (!_restored)
        {
            await process.DisposeAsync();
        }
    }
}
