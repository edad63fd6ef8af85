global using EnvironmentResource = Virga.Control.ResourceDocument<Virga.Core.Resources.EnvironmentSpec, Virga.Control.Environments.EnvironmentStatus>;

using Virga.Control.Changes;
using Virga.Control.Functions;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Environments;

/// <summary>Creates, updates, reads and deletes environments.</summary>
internal sealed class EnvironmentService(IMetadataStore store, ChangeLog changes, EnvironmentCatalog catalog, FunctionCatalog functions)
{
    private const int MaxPoolSize = 100;

    /// <exception cref="ProblemException"><c>invalid-spec</c>, <c>stale-version</c>; <c>conflict</c> for a built-in one.</exception>
    public async Task<PutResult<EnvironmentResource>> PutAsync(Scope scope, ResourceName name, EnvironmentSpec spec, Precondition condition, CancellationToken cancellation)
    {
        RequireOwn(name);
        Check(spec);
        var json = ControlJson.Serialize(spec);
        using var turn = await changes.EnterAsync(cancellation);
        var key = KeyOf(scope, name);
        var current = await store.FindAsync(key, cancellation);
        condition.Check(key, current);
        if (current?.Spec == json)
        {
            return new(Show(current), Created: false);
        }

        var change = (await changes.CommitAsync([new MetadataOperation.Put(key, json, "{}", current?.Version ?? 0)]))[0];
        catalog.Put(scope, name.Value, spec);
        return new(Show(new StoredResource(key, change.Version, current?.CreatedAt ?? change.Time, change.Time, json, "{}")), Created: current is null);
    }

    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public async Task<EnvironmentResource> GetAsync(Scope scope, ResourceName name, CancellationToken cancellation)
    {
        if (catalog.BuiltIn.TryGetValue(name.Value, out var builtIn))
        {
            return ShowBuiltIn(scope, name.Value, builtIn);
        }

        var key = KeyOf(scope, name);
        return Show(await store.FindAsync(key, cancellation) ?? throw new ProblemException(KnownProblems.NotFound($"There is no {key}.", "See `virga env list`.")));
    }

    /// <summary>The built-in environments and the scope's own, in one order.</summary>
    public async Task<ResourcePage<EnvironmentResource>> ListAsync(Scope scope, string? after, int limit, CancellationToken cancellation)
    {
        var own = await store.ListAsync(ResourceKind.Environment, scope, after, limit + 1, cancellation);
        var builtIn = catalog.BuiltIn.Where(item => string.CompareOrdinal(item.Key, after) > 0).Select(item => ShowBuiltIn(scope, item.Key, item.Value));
        EnvironmentResource[] all = [.. own.Select(Show).Concat(builtIn).OrderBy(item => item.Name, StringComparer.Ordinal)];
        return new ResourcePage<EnvironmentResource>([.. all.Take(limit)], all.Length > limit ? all[limit - 1].Name : null);
    }

    /// <exception cref="ProblemException"><c>not-found</c>, <c>stale-version</c>; <c>conflict</c> for a built-in one, and while functions use it.</exception>
    public async Task DeleteAsync(Scope scope, ResourceName name, Precondition condition, CancellationToken cancellation)
    {
        RequireOwn(name);
        using var turn = await changes.EnterAsync(cancellation);
        var users = functions.UsersOf(scope, name.Value).Take(5).Select(function => $"'{function.Name}'").ToList();
        if (users.Count > 0)
        {
            throw new ProblemException(KnownProblems.Conflict($"The environment '{name}' runs {string.Join(", ", users)}.", "Delete these functions first, or deploy them with another environment."));
        }

        await changes.CommitAsync([new MetadataOperation.Delete(KeyOf(scope, name), condition.Version)]);
        catalog.Remove(scope, name.Value);
    }

    private static ResourceKey KeyOf(Scope scope, ResourceName name) => new(ResourceKind.Environment, scope, name.Value);

    private static EnvironmentResource Show(StoredResource stored) => EnvironmentResource.From(stored, new EnvironmentStatus(BuiltIn: false));

    private static EnvironmentResource ShowBuiltIn(Scope scope, string name, EnvironmentSpec spec) =>
        new(ResourceKind.Environment, scope.Tenant, scope.Namespace, name, 1, null, null, spec, new EnvironmentStatus(BuiltIn: true));

    private static void Check(EnvironmentSpec spec)
    {
        if (spec.Command.Count == 0 || !Path.IsPathRooted(spec.Command[0]) || spec.Command.Any(part => part is null || part.Contains('\0', StringComparison.Ordinal)))
        {
            throw new ProblemException(KnownProblems.InvalidSpec("command does not begin with an absolute path.", "Write the worker's command line, such as [\"/usr/bin/ruby\", \"/opt/worker.rb\"]."));
        }

        if (spec.PoolSize is < 0 or > MaxPoolSize)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"poolSize is {spec.PoolSize}; it must be from 0 to {MaxPoolSize}."));
        }

        if (spec.MaxPoolSize is < 0 or > MaxPoolSize)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"maxPoolSize is {spec.MaxPoolSize}; it must be from 0 to {MaxPoolSize}."));
        }

        if (spec.Memory.Bytes < 16L << 20 || spec.Memory.Bytes > 64L << 30)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"memory is {spec.Memory}; it must be from 16MB to 64GB."));
        }

        if (spec.Mounts.Any(mount => !Path.IsPathRooted(mount.Key) || mount.Value is null || !Path.IsPathRooted(mount.Value)))
        {
            throw new ProblemException(KnownProblems.InvalidSpec("mounts has a path that is not absolute.", "Write both the host's path and the sandbox's path in full."));
        }

        if (spec.Variables.Any(variable => variable.Key.Length == 0 || variable.Key.Contains('=', StringComparison.Ordinal) || variable.Value is null || variable.Value.Contains('\0', StringComparison.Ordinal)))
        {
            throw new ProblemException(KnownProblems.InvalidSpec("variables has a name or value that no environment variable can have."));
        }
    }

    private void RequireOwn(ResourceName name)
    {
        if (catalog.BuiltIn.ContainsKey(name.Value))
        {
            throw new ProblemException(KnownProblems.Conflict($"The environment '{name}' comes with Virga and cannot be changed.", "Create an environment of another name."));
        }
    }
}
