using Virga.Core.Resources;

namespace Virga.Control.Builds;

/// <summary>Turns a package as uploaded into what the worker loads.</summary>
internal interface IPackageBuilder
{
    /// <summary>Which environments' packages it builds.</summary>
    PackageBuild Kind { get; }

    /// <summary>Changes whenever the builder would make something else of the same source.</summary>
    string Version { get; }

    /// <summary>Whether the package in the folder has anything to build.</summary>
    bool IsNeeded(string source);

    /// <summary>Writes the built package to the folder <paramref name="output"/>, which is empty.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>build-failed</c>, <c>unavailable</c>.</exception>
    Task BuildAsync(string source, string output, CancellationToken cancellation);
}
