namespace Virga.Core.Routing;

/// <summary>One part of a path template.</summary>
/// <param name="Kind">What it matches.</param>
/// <param name="Text">The literal text, or the parameter's name.</param>
public readonly record struct PathSegment(PathSegmentKind Kind, string Text);
