using System.Diagnostics;
using Virga.Control.Functions;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

/// <summary>What ten thousand idle functions cost a node.</summary>
[Collection(nameof(CatalogCostTests))]
[CollectionDefinition(nameof(CatalogCostTests), DisableParallelization = true)]
public sealed class CatalogCostTests
{
    private const int Functions = 10_000;
    private const int AllowedBytes = 2048;

    [Fact]
    public async Task An_idle_function_costs_at_most_two_kilobytes_and_all_are_loaded_at_the_start()
    {
        await using var host = await ControlHost.StartAsync();
        var package = (string)(await host.UploadAsync())["digest"]!;
        await FillAsync(host.Service<IMetadataStore>(), package);
        await host.RestartAsync();
        (await host.ResolveAsync("function-9999")).ShouldNotBeNull();
        host.Traffic.Routes.Count.ShouldBe(Functions);

        var store = host.Service<IMetadataStore>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var began = Stopwatch.GetTimestamp();
        var catalog = new FunctionCatalog(store);
        var versions = new Dictionary<FunctionName, FunctionVersion>();
        await foreach (var stored in store.ReadPinnedVersionsAsync(ControlHost.Cancellation))
        {
            versions.Add(stored.Function, FunctionCatalog.Materialise(stored));
        }

        await foreach (var stored in store.ReadAllAsync(ResourceKind.Function, ControlHost.Cancellation))
        {
            var name = FunctionResources.NameOf(stored.Key);
            catalog.Put(name, FunctionResources.StatusOf(stored), _ => versions[name]);
        }

        var elapsed = Stopwatch.GetElapsedTime(began);
        versions = null;
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / Functions;
        TestContext.Current.TestOutputHelper!.WriteLine($"{bytes} bytes per function; {Functions} functions read in {elapsed.TotalMilliseconds:0} ms");
        catalog.Count.ShouldBe(Functions);
        bytes.ShouldBeLessThan(AllowedBytes);
    }

    private static async Task FillAsync(IMetadataStore store, string package)
    {
        var operations = new List<MetadataOperation>();
        for (var i = 0; i < Functions; i++)
        {
            var name = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse($"function-{i}"));
            var spec = ControlJson.Serialize(new FunctionSpec { Environment = "node", Package = package, Handler = $"index:handler{i}" });
            var status = new FunctionStatus(1, 1, package, new Dictionary<string, AliasTarget>(StringComparer.Ordinal) { [FunctionStatus.LiveAlias] = new(1) });
            operations.Add(new MetadataOperation.Put(FunctionResources.KeyOf(name), spec, ControlJson.Serialize(status)));
            operations.Add(new MetadataOperation.AddVersion(new StoredFunctionVersion(name, 1, DateTimeOffset.UnixEpoch, spec, package, package)));
            operations.Add(new MetadataOperation.RetainVersions(name, [1], 10));
            var route = ControlJson.Serialize(new RouteSpec { Methods = ["GET"], Path = $"/f{i}/{{id}}", Function = $"function-{i}" });
            operations.Add(new MetadataOperation.Put(new ResourceKey(ResourceKind.Route, Scope.Default, $"route-{i}"), route, "{}"));
        }

        await store.CommitAsync(operations, ControlHost.Cancellation);
    }
}
