using System.Collections.Concurrent;
using System.Globalization;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>Every function of the node, in memory. Read without locks by calls; changed by the one who has the turn to change.</summary>
internal sealed class FunctionCatalog(IMetadataStore store) : IFunctionCatalog
{
    private static readonly IReadOnlyDictionary<string, string> NoVariables = new Dictionary<string, string>(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<FunctionName, FunctionEntry> _functions = new();

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

        return entry.FindVersion(number) is { } version ? ValueTask.FromResult<FunctionVersion?>(version) : LoadAsync(name, number, cancellation);
    }

    public bool Contains(FunctionName name) => _functions.ContainsKey(name);

    /// <summary>The functions of a scope with a version in memory that runs in the environment.</summary>
    public IEnumerable<FunctionName> UsersOf(Scope scope, string environment) => _functions
        .Where(function => function.Key.Tenant == scope.Tenant && function.Key.Namespace == scope.Namespace && function.Value.Versions().Any(version => version.Spec.Environment == environment))
        .Select(function => function.Key);

    /// <summary>
    /// Puts a function in force. Versions that are in memory already keep their objects; <paramref name="find"/> gives the others. What is returned was in memory and is so no longer.
    /// </summary>
    public IReadOnlyCollection<FunctionVersion> Put(FunctionName name, FunctionStatus status, Func<int, FunctionVersion> find)
    {
        // A version that a call by number loads at this moment is lost from the entry, but not from `before`: the exchange is repeated until none was.
        while (true)
        {
            _functions.TryGetValue(name, out var before);
            var entry = Build(status, number => before?.FindVersion(number) ?? find(number));
            if (before is null)
            {
                _functions[name] = entry;
                return [];
            }

            if (_functions.TryUpdate(name, entry, before))
            {
                return before.Versions().Except(entry.Versions()).ToHashSet();
            }
        }
    }

    /// <summary>Takes a function out; gives back its versions that were in memory.</summary>
    public IReadOnlyCollection<FunctionVersion> Remove(FunctionName name) =>
        _functions.TryRemove(name, out var entry) ? entry.Versions().ToHashSet() : [];

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
        while (_functions.TryGetValue(name, out var entry))
        {
            // Another call may have loaded it meanwhile: there is one object per version.
            if (entry.FindVersion(number) is { } known)
            {
                return known;
            }

            if (_functions.TryUpdate(name, entry.WithLoaded(version), entry))
            {
                return version;
            }
        }

        return null;
    }
}
