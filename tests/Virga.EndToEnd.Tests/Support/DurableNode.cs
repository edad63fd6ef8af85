namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node whose writes to shared state are on disk when they are acknowledged.</summary>
public sealed class DurableNode : VirgaNode
{
    /// <inheritdoc/>
    protected override IReadOnlyList<string> Options => [.. base.Options, "--state-durability", "sync"];
}
