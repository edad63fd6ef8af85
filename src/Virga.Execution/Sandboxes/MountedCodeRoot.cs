using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>The package's folder is mounted into the running sandbox: constant time for any size.</summary>
internal sealed class MountedCodeRoot(PackageMounter mounter) : ICodeRoot
{
    public string Path => BubblewrapArguments.CodePath;

    public void Attach(string packageDirectory, int workerPid)
    {
        try
        {
            mounter.Mount(packageDirectory, workerPid, Path);
        }
        catch (SystemCallException failure)
        {
            throw new SandboxException($"The package {packageDirectory} could not be mounted into the sandbox: {failure.Message}", failure);
        }
    }
}
