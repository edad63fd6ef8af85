using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>What Virga keeps about a function besides its spec.</summary>
/// <param name="LiveVersion">The version that calls without a qualifier go to.</param>
/// <param name="LatestVersion">The version that was made last.</param>
/// <param name="BuiltPackage">Digest of what the live version's worker loads.</param>
/// <param name="Aliases">Every alias, <c>live</c> among them.</param>
/// <param name="Scale">The limits that hold for all versions: those of the spec. Null in what an earlier Virga stored; each version has its own then.</param>
public sealed record FunctionStatus(int LiveVersion, int LatestVersion, string BuiltPackage, IReadOnlyDictionary<string, AliasTarget> Aliases, ScaleLimits? Scale = null)
{
    /// <summary>The alias that calls without a qualifier use.</summary>
    public const string LiveAlias = "live";

    /// <summary>Numbers of all versions that aliases lead to.</summary>
    internal IReadOnlyCollection<int> PinnedVersions()
    {
        var versions = new SortedSet<int>();
        foreach (var target in Aliases.Values)
        {
            versions.Add(target.Version);
            if (target.Alternate is { } alternate)
            {
                versions.Add(alternate.Version);
            }
        }

        return versions;
    }

    /// <summary>Whether calls are led to the same versions as by another status.</summary>
    internal bool LeadsAs(FunctionStatus other) =>
        Aliases.Count == other.Aliases.Count && Aliases.All(alias => other.Aliases.TryGetValue(alias.Key, out var target) && target == alias.Value);

    /// <summary>The status with one alias added, moved, or, when <paramref name="target"/> is null, taken out.</summary>
    internal FunctionStatus With(string alias, AliasTarget? target)
    {
        var aliases = new SortedDictionary<string, AliasTarget>(Aliases.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        if (target is null)
        {
            aliases.Remove(alias);
        }
        else
        {
            aliases[alias] = target;
        }

        return this with { Aliases = aliases, LiveVersion = aliases[LiveAlias].Version };
    }
}
