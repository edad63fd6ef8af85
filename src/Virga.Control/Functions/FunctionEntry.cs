using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>One function in memory; immutable. Most have the live alias only, and pay for nothing else.</summary>
/// <param name="live">The live alias.</param>
/// <param name="aliases">The other aliases.</param>
/// <param name="loaded">Versions that were called by number and that no alias leads to.</param>
internal sealed class FunctionEntry(AliasEntry live, KeyValuePair<string, AliasEntry>[] aliases, FunctionVersion[] loaded)
{
    public AliasEntry Live => live;

    public FunctionEntry WithLoaded(FunctionVersion version) => new(live, aliases, [.. loaded, version]);

    public AliasEntry? FindAlias(string name)
    {
        if (name == FunctionStatus.LiveAlias)
        {
            return live;
        }

        foreach (var (alias, entry) in aliases)
        {
            if (alias == name)
            {
                return entry;
            }
        }

        return null;
    }

    public FunctionVersion? FindVersion(int number)
    {
        foreach (var version in Versions())
        {
            if (version.Version == number)
            {
                return version;
            }
        }

        return null;
    }

    /// <summary>Every version in memory; one may come more than once.</summary>
    public IEnumerable<FunctionVersion> Versions() => VersionsWithTraffic().Concat(loaded);

    /// <summary>Every version that an alias leads to; one may come more than once.</summary>
    public IEnumerable<FunctionVersion> VersionsWithTraffic()
    {
        yield return live.Target;
        if (live.Alternate is not null)
        {
            yield return live.Alternate;
        }

        foreach (var (_, entry) in aliases)
        {
            yield return entry.Target;
            if (entry.Alternate is not null)
            {
                yield return entry.Alternate;
            }
        }
    }
}
