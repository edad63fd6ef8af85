namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node that shows a new user the samples.</summary>
public sealed class WelcomeNode : VirgaNode
{
    /// <inheritdoc/>
    protected override IReadOnlyList<string> Options => ["--pool-size", "1", "--welcome", Path.Combine(Installation.Root, "samples")];

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await PrintedAsync("Ctrl-C stops the node");
    }
}
