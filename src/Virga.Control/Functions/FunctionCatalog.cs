using System.Collections.Concurrent;
using System.Globalization;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>Every function of the node, in memory. Read without locks by calls; changed by the one who has the turn to change, and by calls that load an old version.</summary>
internal sealed class FunctionCatalog(IMetadataStore store) : IFunctionCatalog
{
    private static readonly IReadOnlyDictionary<string, string> NoVariables = new Dictionary<string, string>(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<FunctionName, FunctionEntry> _functions = new();

    // Held by writers, who never wait for anything while they hold it.
    private readonly Lock _writing = new();

    public int Count => _functions.Count;

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation)
    {
        if (!_functions.TryGetValue(name, out var entry))
        {
            return default;
        }

        if (qualifier is null)
        {
            return ValueTask.FromResult<FunctionVersion?>(entry.Live.Choose(draw));
        }

        if (entry.FindAlias(qualifier) is { } alias)
        {
            return ValueTask.FromResult<FunctionVersion?>(alias.Choose(draw));
        }

        if (!int.TryParse(qualifier, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return default;
        }

        return FindVersionAsync(name, number, cancellation);
    }

    /// <summary>The object that stands for a version, which is loaded if need be. Null when there is no such function or version.</summary>
    public ValueTask<FunctionVersion?> FindVersionAsync(FunctionName name, int number, CancellationToken cancellation) =>
        _functions.TryGetValue(name, out var entry) && entry.FindVersion(number) is { } version ? ValueTask.FromResult<FunctionVersion?>(version) : LoadAsync(name, number, cancellation);

    /// <summary>The versions of a function that aliases lead to; one may come more than once.</summary>
    public IEnumerable<FunctionVersion> VersionsWithTraffic(FunctionName name) => _functions.TryGetValue(name, out var entry) ? entry.VersionsWithTraffic() : [];

    /// <summary>Every version of every function that an alias leads to; one may come more than once.</summary>
    public IEnumerable<FunctionVersion> VersionsWithTraffic() => _functions.SelectMany(function => function.Value.VersionsWithTraffic());

    /// <summary>Every function.</summary>
    public IEnumerable<FunctionName> Names() => _functions.Keys;

    /// <summary>A version of a function that is in memory; null when it is not.</summary>
    public FunctionVersion? FindLoaded(FunctionName name, int number) => _functions.TryGetValue(name, out var entry) ? entry.FindVersion(number) : null;

    public bool Contains(FunctionName name) => _functions.ContainsKey(name);

    /// <summary>The functions of a scope with a version in memory that runs in the environment.</summary>
    public IEnumerable<FunctionName> UsersOf(Scope scope, string environment) => _functions
        .Where(function => function.Key.Tenant == scope.Tenant && function.Key.Namespace == scope.Namespace && function.Value.Versions().Any(version => version.Spec.Environment == environment))
        .Select(function => function.Key);

    /// <summary>
    /// Puts a function in force. <paramref name="find"/> gives the objects of versions that arrive; others keep theirs. What is returned was in memory and is so no longer.
    /// </summary>
    public IReadOnlyCollection<FunctionVersion> Put(FunctionName name, FunctionStatus status, Func<int, FunctionVersion?> find)
    {
        lock (_writing)
        {
            _functions.TryGetValue(name, out var before);
            var entry = Build(status, number => find(number) ?? before?.FindVersion(number) ?? throw new InvalidOperationException($"Version {number} of '{name}' is not in memory."));
            if (status.Scale is { } limits)
            {
                Rescale(entry, limits);
            }

            _functions[name] = entry;
            return before is null ? [] : before.Versions().Except(entry.Versions()).ToHashSet();
        }
    }

    /// <summary>Sets other limits for all versions of a function.</summary>
    public void Rescale(FunctionName name, ScaleLimits limits)
    {
        lock (_writing)
        {
            if (_functions.TryGetValue(name, out var entry))
            {
                Rescale(entry, limits);
            }
        }
    }

    /// <summary>Takes a function out; gives back its versions that were in memory.</summary>
    public IReadOnlyCollection<FunctionVersion> Remove(FunctionName name)
    {
        lock (_writing)
        {
            return _functions.TryRemove(name, out var entry) ? entry.Versions().ToHashSet() : [];
        }
    }

    /// <summary>The stored version as an object, with the strings shared that most functions have in common.</summary>
    public static FunctionVersion Materialise(StoredFunctionVersion stored)
    {
        var spec = ControlJson.Deserialize<FunctionSpec>(stored.Spec);
        return new FunctionVersion
        {
            Name = stored.Function,
            Version = stored.Version,
            Spec = spec with
            {
                // The name of an environment is short and there are few: the pool of interned strings holds each once.
                Environment = string.Intern(spec.Environment),
                Variables = spec.Variables.Count == 0 ? NoVariables : spec.Variables,
            },
            BuiltPackage = stored.BuiltPackage == spec.Package ? spec.Package : stored.BuiltPackage,
        };
    }

    private static FunctionEntry Build(FunctionStatus status, Func<int, FunctionVersion> find)
    {
        var others = status.Aliases.Count == 1
            ? []
            : status.Aliases.Where(alias => alias.Key != FunctionStatus.LiveAlias).Select(alias => KeyValuePair.Create(alias.Key, Bind(alias.Value, find))).ToArray();
        return new FunctionEntry(Bind(status.Aliases[FunctionStatus.LiveAlias], find), others, []);
    }

    private static AliasEntry Bind(AliasTarget target, Func<int, FunctionVersion> find) =>
        new(find(target.Version), target.Alternate is { } alternate ? find(alternate.Version) : null, target.Alternate?.Weight ?? 0);

    private async ValueTask<FunctionVersion?> LoadAsync(FunctionName name, int number, CancellationToken cancellation)
    {
        if (await store.FindVersionAsync(name, number, cancellation) is not { } stored)
        {
            return null;
        }

        var version = Materialise(stored);
        lock (_writing)
        {
            if (!_functions.TryGetValue(name, out var entry))
            {
                return null;
            }

            // Another call may have loaded it meanwhile: there is one object per version.
            if (entry.FindVersion(number) is { } known)
            {
                return known;
            }

            version.Rescale(entry.Live.Target.Scale);
            _functions[name] = entry.WithLoaded(version);
            return version;
        }
    }

    private static void Rescale(FunctionEntry entry, ScaleLimits limits)
    {
        foreach (var version in entry.Versions())
        {
            version.Rescale(limits);
        }
    }
}
