namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node whose configuration file says what usage costs: one euro for every call.</summary>
public sealed class PricedNode : VirgaNode
{
    private const string ConfigurationFile = "node.yaml";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Options => [.. base.Options, "--config", ConfigurationFile];

    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        Folder.Write(ConfigurationFile, "prices: { currency: EUR, perMillionCalls: 1000000 }\n");
        return base.InitializeAsync();
    }
}
