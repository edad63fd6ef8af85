using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>Shows a function's versions, and moves its aliases among them.</summary>
internal sealed class AliasService(IMetadataStore store, FunctionTraffic traffic, CallerSearch callers)
{
    /// <summary>The kept versions, newest first.</summary>
    public async Task<IReadOnlyList<FunctionVersionDocument>> ListVersionsAsync(FunctionName name, CancellationToken cancellation)
    {
        var status = FunctionResources.StatusOf(await traffic.RequireAsync(name, cancellation));
        var versions = await store.ListVersionsAsync(name, cancellation);
        return [.. versions.Select(version => new FunctionVersionDocument(
            version.Version,
            version.CreatedAt,
            ControlJson.Deserialize<FunctionSpec>(version.Spec),
            version.BuiltPackage,
            version.Version == status.LiveVersion,
            [.. status.Aliases.Where(alias => LeadsTo(alias.Value, version.Version)).Select(alias => alias.Key)]))];
    }

    public async Task<IReadOnlyDictionary<string, AliasTarget>> ListAsync(FunctionName name, CancellationToken cancellation) =>
        FunctionResources.StatusOf(await traffic.RequireAsync(name, cancellation)).Aliases;

    /// <summary>Makes an alias, or moves it.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>invalid-name</c>, <c>invalid-spec</c>, <c>stale-version</c>.</exception>
    public async Task<FunctionResource> PutAsync(FunctionName name, string alias, AliasTarget target, Precondition condition, CancellationToken cancellation)
    {
        CheckName(alias);
        CheckTarget(target);
        return await ChangeAsync(name, condition, current => MoveAsync(name, current, alias, target), cancellation);
    }

    /// <summary>Takes an alias away.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>; <c>conflict</c> for the live alias, and for one by which a route, a trigger or a stream function calls it.</exception>
    public async Task<FunctionResource> DeleteAsync(FunctionName name, string alias, Precondition condition, CancellationToken cancellation)
    {
        if (alias == FunctionStatus.LiveAlias)
        {
            throw new ProblemException(KnownProblems.Conflict("The alias 'live' belongs to every function.", "Move it to another version, or delete the function."));
        }

        return await ChangeAsync(name, condition, Decide, cancellation);

        ValueTask<FunctionMove?> Decide(StoredResource current)
        {
            if (!FunctionResources.StatusOf(current).Aliases.ContainsKey(alias))
            {
                throw new ProblemException(KnownProblems.NotFound($"The {current.Key} has no alias '{ResourceName.Shorten(alias)}'."));
            }

            var users = callers.Of(name, alias);
            return users.IsNone
                ? MoveAsync(name, current, alias, target: null)
                : throw new ProblemException(KnownProblems.Conflict($"'{name.Name}:{alias}' is called by {users}.", "Change or delete what calls it first."));
        }
    }

    /// <summary>Moves the live alias back: to a version, or to the one before the live one.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>; <c>conflict</c> when there is no version to go back to; <c>invalid-spec</c> when there is no such version.</exception>
    public async Task<FunctionResource> RollBackAsync(FunctionName name, int? version, Precondition condition, CancellationToken cancellation)
    {
        return await ChangeAsync(name, condition, DecideAsync, cancellation);

        async ValueTask<FunctionMove?> DecideAsync(StoredResource current)
        {
            var live = FunctionResources.StatusOf(current).LiveVersion;
            var target = version ?? (await store.ListVersionsAsync(name, cancellation)).FirstOrDefault(older => older.Version < live)?.Version
                ?? throw new ProblemException(KnownProblems.Conflict($"The {current.Key} has no version before {live}.", $"See `virga fn versions {name.Name}`."));
            return await MoveAsync(name, current, FunctionStatus.LiveAlias, new AliasTarget(target));
        }
    }

    private static bool LeadsTo(AliasTarget target, int version) => target.Version == version || target.Alternate?.Version == version;

    private static void CheckName(string alias)
    {
        var name = Names.Require(alias, "alias");
        if (name.Value.All(char.IsAsciiDigit))
        {
            throw new ProblemException(KnownProblems.InvalidName($"The alias '{name}' would read as a version number; give it a letter."));
        }
    }

    private static void CheckTarget(AliasTarget target)
    {
        if (target.Alternate is not { } alternate)
        {
            return;
        }

        if (alternate.Version == target.Version)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"Both sides of the split are version {target.Version}.", "Name two versions, or leave out the alternate."));
        }

        if (alternate.Weight is not (> 0 and < 1))
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"The alternate's weight is {alternate.Weight}; it must be over 0 and under 1.", "Give the alternate's part of the calls, such as 0.1."));
        }
    }

    private async Task<FunctionResource> ChangeAsync(FunctionName name, Precondition condition, Func<StoredResource, ValueTask<FunctionMove?>> decide, CancellationToken cancellation)
    {
        var (stored, _) = await traffic.ChangeAsync(
            name,
            found =>
            {
                var current = FunctionTraffic.Require(FunctionResources.KeyOf(name), found);
                condition.Check(current.Key, current);
                return decide(current);
            },
            cancellation);
        return FunctionResources.Show(stored);
    }

    private async ValueTask<FunctionMove?> MoveAsync(FunctionName name, StoredResource current, string alias, AliasTarget? target)
    {
        var status = FunctionResources.StatusOf(current);
        if (status.Aliases.GetValueOrDefault(alias) == target)
        {
            return null;
        }

        var next = status.With(alias, target);
        if (next.LiveVersion == status.LiveVersion)
        {
            return new FunctionMove(current.Spec, next);
        }

        // The resource's spec is the live version's, so that putting a spec again after a rollback deploys it again. The limits of its scale belong to the function and stay.
        var live = await store.FindVersionAsync(name, next.LiveVersion, CancellationToken.None)
            ?? throw new ProblemException(KnownProblems.InvalidSpec($"The {current.Key} has no version {next.LiveVersion}.", $"See `virga fn versions {name.Name}`."));
        var spec = ControlJson.Deserialize<FunctionSpec>(live.Spec);
        var limits = ScaleLimits.Of(FunctionResources.SpecOf(current)).For(spec);
        return new FunctionMove(ControlJson.Serialize(spec.WithScale(limits)), next with { BuiltPackage = live.BuiltPackage, Scale = limits });
    }
}
