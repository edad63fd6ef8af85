namespace Virga.Core.Resources;

/// <summary>Finds the files of packages for those who run functions.</summary>
public interface IPackageDirectory
{
    /// <summary>The folder on this node that holds a package's files, read-only for everyone. It may have to be fetched first.</summary>
    /// <exception cref="Problems.ProblemException">The package is not there.</exception>
    ValueTask<string> GetPathAsync(string digest, CancellationToken cancellation);
}
