using Microsoft.Extensions.Logging;
using Virga.Control.Builds;
using Virga.Control.Changes;
using Virga.Control.Dags;
using Virga.Control.Environments;
using Virga.Control.Functions;
using Virga.Control.Metadata;
using Virga.Control.Packages;
using Virga.Control.Routes;
using Virga.Control.Streams;
using Virga.Control.Triggers;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;

namespace Virga.Control;

/// <summary>Opens what a node keeps, brings it into memory, and looks after it until the node ends.</summary>
public sealed partial class ControlPlane : IAsyncDisposable
{
    private readonly IMetadataStore _store;
    private readonly PackageStore _packages;
    private readonly PackageBuilds _builds;
    private readonly PackageService _collector;
    private readonly CSharpCompiler _compiler;
    private readonly FunctionCatalog _functions;
    private readonly FunctionTraffic _traffic;
    private readonly EnvironmentCatalog _environments;
    private readonly RouteTraffic _routes;
    private readonly DagCatalog _dags;
    private readonly TriggerCatalog _triggers;
    private readonly StreamCatalog _streams;
    private readonly ChangeLog _changes;
    private readonly ClusterFollower? _follower;
    private readonly ControlOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ControlPlane> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _collecting = Task.CompletedTask;

    internal ControlPlane(
        IMetadataStore store, PackageStore packages, PackageBuilds builds, PackageService collector, CSharpCompiler compiler, FunctionCatalog functions,
        FunctionTraffic traffic, EnvironmentCatalog environments, RouteTraffic routes, DagCatalog dags, TriggerCatalog triggers, StreamCatalog streams, ChangeLog changes, ClusterFollower? follower, ControlOptions options, TimeProvider time,
        ILogger<ControlPlane> logger)
    {
        _store = store;
        _packages = packages;
        _builds = builds;
        _collector = collector;
        _compiler = compiler;
        _functions = functions;
        _traffic = traffic;
        _environments = environments;
        _routes = routes;
        _dags = dags;
        _triggers = triggers;
        _streams = streams;
        _changes = changes;
        _follower = follower;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>Opens and migrates the store, and puts every environment, function, DAG, trigger, stream function and route in force. Called once, before the node serves.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>metadata-corrupted</c>, <c>storage-full</c>.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        await _store.OpenAsync(cancellation);
        _packages.Open();
        _builds.Open();
        var routes = await LoadAsync(cancellation);
        _follower?.Start();
        _collecting = CollectAsync(_stopping.Token);
        LogLoaded(_functions.Count, routes, _time.GetElapsedTime(began).TotalMilliseconds);
    }

    /// <summary>
    /// Tells the registered <see cref="IFunctionLifecycleListener"/> of every function version that keeps instances without calls. Called once, when they can be run;
    /// all other functions cost nothing until they are called.
    /// </summary>
    public void AnnounceKeptFunctions() => _traffic.AnnounceKept();

    /// <summary>Puts no more changes of other nodes in force. Called before whoever runs functions ends.</summary>
    public ValueTask StopFollowingAsync() => _follower?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Starts the C# compiler ahead of the first deploy that needs it.</summary>
    public Task WarmUpCompilerAsync(CancellationToken cancellation) => _compiler.WarmUpAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await StopFollowingAsync();
        await _collecting;
        _stopping.Dispose();
    }

    [LoggerMessage(LogLevel.Information, "Loaded {Functions} functions and {Routes} routes in {Milliseconds:0} ms")]
    private partial void LogLoaded(int functions, int routes, double milliseconds);

    [LoggerMessage(LogLevel.Information, "Removed {Count} packages that no function uses")]
    private partial void LogCollected(int count);

    [LoggerMessage(LogLevel.Error, "Packages that no function uses could not be removed; it will be tried again")]
    private partial void LogCollectionFailed(Exception exception);

    // With the turn: what is read in several steps must be of one moment, also when other nodes share the store.
    private async Task<int> LoadAsync(CancellationToken cancellation)
    {
        using var turn = await _changes.EnterAsync(cancellation);
        _changes.Cursor = await _store.NewestChangeAsync(cancellation);
        await LoadEnvironmentsAsync(cancellation);
        await LoadFunctionsAsync(cancellation);
        await LoadDagsAsync(cancellation);
        await LoadTriggersAsync(cancellation);
        await LoadStreamsAsync(cancellation);
        return await LoadRoutesAsync(cancellation);
    }

    private async Task LoadEnvironmentsAsync(CancellationToken cancellation)
    {
        await foreach (var stored in _store.ReadAllAsync(ResourceKind.Environment, cancellation))
        {
            _environments.Put(stored.Key.Scope, stored.Key.Name, ControlJson.Deserialize<EnvironmentSpec>(stored.Spec));
        }
    }

    private async Task LoadFunctionsAsync(CancellationToken cancellation)
    {
        var versions = new Dictionary<(FunctionName, int), FunctionVersion>();
        await foreach (var stored in _store.ReadPinnedVersionsAsync(cancellation))
        {
            versions.Add((stored.Function, stored.Version), FunctionCatalog.Materialise(stored));
        }

        await foreach (var stored in _store.ReadAllAsync(ResourceKind.Function, cancellation))
        {
            var name = FunctionResources.NameOf(stored.Key);
            _functions.Put(name, FunctionResources.StatusOf(stored), number => versions[(name, number)]);
        }
    }

    private async Task LoadDagsAsync(CancellationToken cancellation)
    {
        await foreach (var stored in _store.ReadAllAsync(ResourceKind.Dag, cancellation))
        {
            _dags.Put(stored);
        }
    }

    private async Task LoadTriggersAsync(CancellationToken cancellation)
    {
        await foreach (var stored in _store.ReadAllAsync(ResourceKind.Trigger, cancellation))
        {
            _triggers.Put(stored);
        }
    }

    private async Task LoadStreamsAsync(CancellationToken cancellation)
    {
        await foreach (var stored in _store.ReadAllAsync(ResourceKind.Stream, cancellation))
        {
            _streams.Put(stored);
        }
    }

    private async Task<int> LoadRoutesAsync(CancellationToken cancellation)
    {
        var count = 0;
        await foreach (var stored in _store.ReadAllAsync(ResourceKind.Route, cancellation))
        {
            _routes.Put(RouteRules.Bind(stored.Key.Scope, ResourceName.Parse(stored.Key.Name), ControlJson.Deserialize<RouteSpec>(stored.Spec)));
            count++;
        }

        return count;
    }

    private async Task CollectAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_options.CollectionInterval, _time);
        while (await NextTickAsync(timer, cancellation))
        {
            try
            {
                var removed = await _collector.CollectAsync(_options.PackageRetention, cancellation);
                if (removed > 0)
                {
                    LogCollected(removed);
                }
            }
            catch (Exception exception) when (!cancellation.IsCancellationRequested)
            {
                LogCollectionFailed(exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static async ValueTask<bool> NextTickAsync(PeriodicTimer timer, CancellationToken cancellation)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
