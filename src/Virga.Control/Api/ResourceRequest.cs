using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Api;

/// <summary>The body of a request that makes or changes a resource.</summary>
public sealed record ResourceRequest<TSpec>
{
    /// <summary>The name; in the path when the method is PUT.</summary>
    public string? Name { get; init; }

    /// <summary>What is asked for.</summary>
    public required TSpec Spec { get; init; }

    /// <summary>The version that the resource must have now; absent when that does not matter.</summary>
    public long? Version { get; init; }

    /// <summary>Refuses a name in the body that is not the path's.</summary>
    internal void RequireName(ResourceName path)
    {
        if (Name is not null && Name != path.Value)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The path names '{path}', the body '{ResourceName.Shorten(Name)}'.", "Leave the name out of the body."));
        }
    }
}
