using Virga.Core.Names;
using Virga.State.Records;

namespace Virga.State.Sessions;

/// <summary>A cache that has a version which may not be in the store.</summary>
/// <param name="Node">Its node.</param>
/// <param name="Incarnation">Which run of it: the next one may have lost what was not durable, and given the same counts to other updates.</param>
/// <param name="Clock">What it has.</param>
internal sealed record Upstream(NodeName Node, long Incarnation, VectorClock Clock);
