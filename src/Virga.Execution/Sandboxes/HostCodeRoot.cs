namespace Virga.Execution.Sandboxes;

/// <summary>Without a sandboxed file system the package is used where it is.</summary>
internal sealed class HostCodeRoot : ICodeRoot
{
    private string? _package;

    public string Path => _package ?? throw new InvalidOperationException("No package is attached yet.");

    public void Attach(string packageDirectory, int workerPid) => _package = System.IO.Path.GetFullPath(packageDirectory);
}
