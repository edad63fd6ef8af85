namespace Virga.Core.Routing;

/// <summary>What a segment of a path template matches.</summary>
public enum PathSegmentKind
{
    /// <summary>Exactly its text.</summary>
    Literal,

    /// <summary>One segment that is not empty.</summary>
    Parameter,

    /// <summary>All that is left, slashes included.</summary>
    Wildcard,
}
