namespace Virga.Execution.Sandboxes;

/// <summary>Where a worker finds its function's package, and how the package gets there while the worker runs.</summary>
internal interface ICodeRoot
{
    /// <summary>The folder, as the worker sees it; known once a package is attached.</summary>
    string Path { get; }

    /// <summary>Makes <paramref name="packageDirectory"/> appear at <see cref="Path"/>, read-only.</summary>
    /// <exception cref="SandboxException">The package cannot be attached.</exception>
    void Attach(string packageDirectory, int workerPid);
}
