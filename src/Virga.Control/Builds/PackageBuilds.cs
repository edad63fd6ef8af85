using System.Collections.Concurrent;
using Virga.Control.Packages;
using Virga.Core.Resources;

namespace Virga.Control.Builds;

/// <summary>
/// Builds packages, each source once: what came out is a package too, remembered by source and builder version in <c>packages/builds/</c>. Losing that folder costs builds, nothing else.
/// </summary>
internal sealed class PackageBuilds(string dataFolder, PackageStore packages, IEnumerable<IPackageBuilder> builders)
{
    private readonly string _memory = Path.Combine(dataFolder, "packages", "builds");
    private readonly Dictionary<PackageBuild, IPackageBuilder> _builders = builders.ToDictionary(builder => builder.Kind);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _running = new(StringComparer.Ordinal);

    public void Open() => Directory.CreateDirectory(_memory);

    /// <summary>The digest of what a worker loads for the package; the package itself when there is nothing to build.</summary>
    public async Task<string> BuildAsync(string package, PackageBuild kind, CancellationToken cancellation)
    {
        if (!_builders.TryGetValue(kind, out var builder))
        {
            return package;
        }

        var source = await packages.GetPathAsync(package, cancellation);
        if (!builder.IsNeeded(source))
        {
            return package;
        }

        // Two deploys of one source wait for one build.
        var turn = _running.GetOrAdd(package, static _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellation);
        try
        {
            var memory = Path.Combine(_memory, $"{PackageDigest.HexOf(package)}.{builder.Version}");
            if (await RecallAsync(memory, cancellation) is { } known)
            {
                await packages.TouchAsync([known], cancellation);
                return known;
            }

            var built = await packages.AddProducedAsync(output => builder.BuildAsync(source, output, cancellation), cancellation);
            Remember(memory, built.Digest);
            return built.Digest;
        }
        finally
        {
            turn.Release();
            _running.TryRemove(new KeyValuePair<string, SemaphoreSlim>(package, turn));
        }
    }

    private async Task<string?> RecallAsync(string memory, CancellationToken cancellation)
    {
        if (!File.Exists(memory))
        {
            return null;
        }

        var digest = await File.ReadAllTextAsync(memory, cancellation);
        return await packages.ContainsAsync(digest, cancellation) ? digest : null;
    }

    private static void Remember(string memory, string digest)
    {
        var draft = $"{memory}.{Path.GetRandomFileName()}";
        File.WriteAllText(draft, digest);
        File.Move(draft, memory, overwrite: true);
    }
}
