using Virga.Core.Problems;

namespace Virga.Control.Metadata;

/// <summary>What a commit expects of a resource's version, the same for every store.</summary>
internal static class VersionExpectation
{
    /// <param name="key">Which resource.</param>
    /// <param name="expected">The version that it must have; 0 when it must not exist; null when that does not matter.</param>
    /// <param name="current">The version that it has; 0 when it does not exist.</param>
    /// <exception cref="ProblemException"><c>conflict</c> or <c>stale-version</c> when it has another.</exception>
    public static void Check(ResourceKey key, long? expected, long current)
    {
        if (expected is null || expected == current)
        {
            return;
        }

        throw new ProblemException(expected == 0
            ? KnownProblems.Conflict($"There is a {key} already.", "Choose another name, or update the one that exists.")
            : current == 0
                ? KnownProblems.StaleVersion($"The {key} was expected at version {expected}, but it does not exist any more.")
                : KnownProblems.StaleVersion($"The {key} is at version {current}, not {expected}."));
    }

    /// <summary>The problem of a resource that is to be deleted and is not there.</summary>
    public static ProblemException Missing(ResourceKey key) => new(KnownProblems.NotFound($"There is no {key}."));
}
