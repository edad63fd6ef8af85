using Virga.Control.Metadata;
using Virga.Core.Problems;

namespace Virga.Control.Changes;

/// <summary>What must hold for a change to be made.</summary>
/// <param name="Version">The version that the resource must have now; null when that does not matter.</param>
/// <param name="MustBeNew">Whether the resource must not exist yet.</param>
internal readonly record struct Precondition(long? Version, bool MustBeNew)
{
    /// <summary>The change is made whatever there is now.</summary>
    public static Precondition None => default;

    /// <summary>The resource must not exist yet.</summary>
    public static Precondition New => new(null, MustBeNew: true);

    /// <exception cref="ProblemException"><c>conflict</c> or <c>stale-version</c> when it does not hold.</exception>
    public void Check(ResourceKey key, StoredResource? current)
    {
        if (MustBeNew && current is not null)
        {
            throw new ProblemException(KnownProblems.Conflict($"There is a {key} already.", "Choose another name, or update the one that exists."));
        }

        if (Version is { } expected && expected != (current?.Version ?? 0))
        {
            throw new ProblemException(KnownProblems.StaleVersion(
                current is null ? $"The {key} was expected at version {expected}, but it does not exist." : $"The {key} is at version {current.Version}, not {expected}."));
        }
    }
}
