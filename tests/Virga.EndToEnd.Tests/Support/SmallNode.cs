namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node that takes request bodies and packages up to 1 MB.</summary>
public sealed class SmallNode : VirgaNode
{
    /// <summary>The limit of both, in bytes.</summary>
    public const int Limit = 1 << 20;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Options => ["--pool-size", "1", "--max-body", "1MB", "--max-package", "1MB"];

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await DeployAsync("size", Source.JavaScript("export default (event) => event.raw.length;"));
    }
}
