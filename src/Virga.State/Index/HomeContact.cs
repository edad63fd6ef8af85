using Virga.Core.Names;

namespace Virga.State.Index;

/// <summary>A home during one epoch of what it knows about this cache. Entries refer to it: a new epoch makes a new object, by which the old holds are void.</summary>
internal sealed class HomeContact(NodeName node, long epoch)
{
    public NodeName Node { get; } = node;

    public long Epoch { get; } = epoch;
}
