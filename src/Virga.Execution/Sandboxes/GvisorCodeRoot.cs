using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>The package's folder is mounted where the sandbox's file server looks: constant time for any size, and gone with that process.</summary>
internal sealed class GvisorCodeRoot(PackageMounter mounter, GvisorFiles files) : ICodeRoot
{
    // The file server has the sandbox's root there.
    private const string ServedRoot = "/root";

    public string Path => BubblewrapArguments.CodePath;

    public void Attach(string packageDirectory, int workerPid)
    {
        GvisorProcesses processes = GvisorProcesses.Read(files) ?? throw new SandboxException($"The package {packageDirectory} could not be mounted: the sandbox does not run.");
        try
        {
            mounter.Mount(packageDirectory, processes.FileServer, ServedRoot + Path);
        }
        catch (SystemCallException failure)
        {
            throw new SandboxException($"The package {packageDirectory} could not be mounted into the sandbox: {failure.Message}", failure);
        }
    }
}
