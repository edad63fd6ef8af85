namespace Virga.Hosting.Activity;

/// <summary>Answer of <c>/api/v1/node/activity</c>: what the node's functions do.</summary>
/// <param name="Time">When it was made.</param>
/// <param name="Node">All of them together.</param>
/// <param name="Functions">Those that have instances, or were called within the last minute.</param>
internal sealed record ActivityDocument(DateTimeOffset Time, NodeActivity Node, IReadOnlyList<FunctionActivity> Functions);
