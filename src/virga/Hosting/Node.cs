using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Virga.Cli;
using Virga.Cli.Client;
using Virga.Cli.Welcome;
using Virga.Composition.Dags;
using Virga.Composition.Dags.Api;
using Virga.Composition.Dags.Plans;
using Virga.Composition.Placement;
using Virga.Composition.Platform;
using Virga.Configuration;
using Virga.Control;
using Virga.Control.Api;
using Virga.Control.Builds;
using Virga.Control.Storage;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Routing;
using Virga.Core.Streams;
using Virga.Core.Triggers;
using Virga.Execution;
using Virga.Gateway;
using Virga.Gateway.Routing;
using Virga.Hosting.Activity;
using Virga.Pulsar;
using Virga.Pulsar.Replication;
using Virga.Pulsar.Server;
using Virga.State.Api;
using Virga.Streams;
using Virga.Streams.Api;
using Virga.Telemetry;
using Virga.Telemetry.Api;
using Virga.Telemetry.Logging;
using Virga.Telemetry.Tracing;
using Virga.Topics.Api;
using Virga.Topics.Brokers;
using Virga.Triggers;
using Virga.Triggers.Api;
using Virga.Triggers.Rules;

namespace Virga.Hosting;

/// <summary>Wires the engines of one node together, runs them until it is told to stop, and closes them in the reverse order.</summary>
internal static class Node
{
    private const int MaxStoredNodeId = 16;

    /// <summary>Runs a node; gives the exit code of the process.</summary>
    public static async Task<int> RunAsync(NodeOptions options, Terminal terminal, CancellationToken stop)
    {
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        DataDirectory data;
        try
        {
            data = DataDirectory.Open(options.Data);
        }
        catch (ProblemException e)
        {
            return await RefuseAsync(terminal, e.Problem);
        }

        using (data)
        {
            try
            {
                return await RunAsync(options, data, terminal, time, began, stop);
            }
            catch (ProblemException e)
            {
                return await RefuseAsync(terminal, e.Problem);
            }
            catch (GatewayStartException e)
            {
                await terminal.Error.WriteLineAsync($"error: {e.Message}");
                return ExitCode.Refused;
            }
            catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
            {
                await terminal.Error.WriteLineAsync($"error: The control API cannot listen on {options.Admin}: port {options.Admin.Port} is in use. Stop the program that holds it, or choose another with --admin HOST:PORT.");
                return ExitCode.Refused;
            }
            catch (System.Net.Sockets.SocketException e)
            {
                await terminal.Error.WriteLineAsync($"error: The control API cannot listen on {options.Admin}: {e.Message}. Choose an address and port that this user may use with --admin HOST:PORT.");
                return ExitCode.Refused;
            }
        }
    }

    private static async Task<int> RunAsync(NodeOptions options, DataDirectory data, Terminal terminal, TimeProvider time, long began, CancellationToken stop)
    {
        var engines = new NodeEngines();
        var routes = new RouteTable();
        await using var app = BuildAdmin(options, data, engines, routes);
        var control = app.Services.GetRequiredService<ControlPlane>();
        await using var membership = await NodeMembership.OpenAsync(options, () => engines.Execution?.Scheduler.ProcessorUse ?? 0, time, app.Services.GetRequiredService<ILoggerFactory>(), stop);
        engines.Membership = membership;
        await control.StartAsync(stop);

        var link = membership.Link;
        await using var state = await NodeState.OpenAsync(options, data.Path, membership, time, app.Services.GetRequiredService<ILoggerFactory>(), stop);
        engines.State = state;
        await using var topics = await NodeTopics.OpenAsync(options, data.Path, membership, time, app.Services.GetRequiredService<ILoggerFactory>(), stop);
        engines.Topics = topics;
        var rules = new PlacementRules(new Random(), time);
        await using var platform = new PlatformCalls(state, engines, app.Services.GetRequiredService<IFunctionCatalog>(), link, rules, engines, new Random(), time);
        await using var execution = await ExecutionEngine.StartAsync(
            new ExecutionOptions
            {
                NodeId = NodeId(data.Path),
                NodeName = link.Self,
                ScratchDirectory = Path.Combine(data.Path, "scratch"),
                SnapshotBudget = options.SnapshotBudget,
                QueueLimit = options.QueueLimit,
                NodeQueueLimit = options.NodeQueueLimit,
                SnapshotDirectory = Path.Combine(data.Path, "snapshots"),
                DefaultIsolation = options.Isolation,
                IsolationMinimums = options.IsolationMinimums,
                MemoryBudget = options.MemoryBudget ?? ExecutionOptions.UsualMemoryBudget,
                EgressToPrivateNetworks = options.EgressToPrivateNetworks,
                Resolvers = options.Resolvers,
            },
            app.Services.GetRequiredService<IEnvironmentCatalog>(),
            app.Services.GetRequiredService<IPackageDirectory>(),
            app.Services.GetRequiredService<IFunctionLog>(),
            app.Services.GetRequiredService<ActivityMeter>(),
            app.Services.GetRequiredService<IResidencyObserver>(),
            app.Services.GetRequiredService<IScaleObserver>(),
            platform,
            time,
            app.Services.GetRequiredService<ILoggerFactory>(),
            stop);
        engines.Execution = execution;
        control.AnnounceKeptFunctions();

        await using var dags = new DagEngine(
            app.Services.GetRequiredService<IDagCatalog>(),
            app.Services.GetRequiredService<IFunctionCatalog>(),
            execution.Scheduler,
            link,
            state,
            new DagPlacementPolicy(rules),
            time,
            app.Services.GetRequiredService<ILoggerFactory>());
        engines.Dags = dags;
        await using var triggers = topics is null ? null : new TriggerEngine(
            app.Services.GetRequiredService<ITriggerCatalog>(),
            app.Services.GetRequiredService<IFunctionCatalog>(),
            execution.Scheduler,
            topics.Client,
            link.Self,
            new Random(),
            time,
            app.Services.GetRequiredService<ILoggerFactory>());
        engines.Triggers = triggers;

        await using var streams = topics is null
            ? null
            : new StreamEngine(
                app.Services.GetRequiredService<IStreamCatalog>(),
                topics.Broker,
                topics.Client,
                app.Services.GetRequiredService<IFunctionCatalog>(),
                execution.Scheduler,
                link,
                new Random(),
                time,
                app.Services.GetRequiredService<ILoggerFactory>());
        engines.Streams = streams;

        await using var gateway = new GatewayServer(
            execution.Scheduler,
            app.Services.GetRequiredService<IFunctionCatalog>(),
            routes,
            time,
            app.Services.GetRequiredService<ILoggerFactory>(),
            new GatewayOptions { Endpoint = options.Gateway, MaxBodyBytes = options.MaxBody.Bytes },
            dags);
        await using var pulsar = StartPulsar(options, topics, link, time, app.Services.GetRequiredService<ILoggerFactory>());
        engines.Pulsar = pulsar;
        await using var replicator = topics is null || options.ClusterName is not { } cluster ? null : new GeoReplicator(topics.Broker, link, cluster, options.RemoteClusters, time, app.Services.GetRequiredService<ILoggerFactory>());
        engines.GatewayAddress = await gateway.StartAsync(stop);
        await app.StartAsync(stop);

        // Reading ten thousand functions leaves several times their size behind as garbage, which a node that then idles
        // would keep for hours. The pause is before the first call.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        engines.IsReady = true;
        streams?.Start();
        triggers?.Start();
        replicator?.Start();

        var admin = new Uri(app.Urls.First());
        membership.Join(engines.GatewayAddress, admin);
        await terminal.Out.WriteLineAsync($"Virga {Installation.Version} is ready after {time.GetElapsedTime(began).TotalMilliseconds:0} ms.");
        await terminal.Out.WriteLineAsync($"  functions   {engines.GatewayAddress}");
        await terminal.Out.WriteLineAsync($"  control API {admin}");
        if (pulsar?.Address is { } address)
        {
            await terminal.Out.WriteLineAsync($"  Pulsar      pulsar://{address}");
        }

        await terminal.Out.WriteLineAsync($"  data        {data.Path}");
        if (membership.IsClustered)
        {
            await terminal.Out.WriteLineAsync($"  node        {membership.Link.Self}, for others at {membership.Address}");
        }

        await terminal.Out.WriteLineAsync($"  isolation   {Describe(execution)}");
        await terminal.Out.FlushAsync(stop);

        if (options.Welcome is { } samples)
        {
            await WelcomeAsync(samples, admin, engines.GatewayAddress, terminal, stop);
        }

        await WhenStoppedAsync(stop);
        engines.IsReady = false;
        membership.Retire();
        await terminal.Out.WriteLineAsync("Stopping: calls in flight may finish.");
        var giving = triggers?.StopAsync(options.DrainTimeout.Span) ?? Task.CompletedTask;
        var draining = execution.Scheduler.DrainAsync(options.DrainTimeout.Span);
        await gateway.StopAsync(options.DrainTimeout.Span);
        if (!await draining)
        {
            await terminal.Error.WriteLineAsync($"Some calls did not end within {options.DrainTimeout}; they were broken off.");
        }

        await giving;
        await app.StopAsync(CancellationToken.None);
        await control.StopFollowingAsync();
        return ExitCode.Ok;
    }

    // A cluster without RabbitMQ has no topics, and nothing to serve.
    private static PulsarServer? StartPulsar(NodeOptions options, NodeTopics? topics, INodeLink link, TimeProvider time, ILoggerFactory loggers)
    {
        if (options.Pulsar is not { } listen || topics is null)
        {
            return null;
        }

        var server = new PulsarServer(topics.Broker, link, new PulsarOptions { Listen = listen, Advertised = options.PulsarAdvertised }, time, loggers);
        server.Start();
        return server;
    }

    private static WebApplication BuildAdmin(NodeOptions options, DataDirectory data, NodeEngines engines, RouteTable routes)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.AddVirgaNodeLog(options.LogLevel);
        builder.Services.AddSingleton<IHostLifetime, NodeLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.UTF8;
            kestrel.Limits.MaxRequestBodySize = Math.Max(options.MaxPackage.Bytes + (1 << 20), options.MaxBody.Bytes);
            kestrel.Listen(options.Admin);
        });
        builder.Services.AddSingleton(engines);
        builder.Services.AddSingleton<IInvoker>(engines);
        builder.Services.AddSingleton<IFunctionLifecycleListener>(engines);
        builder.Services.AddSingleton<IRouteSink>(routes);
        builder.Services.AddSingleton<ITriggerRules>(new TriggerRules());
        builder.Services.AddSingleton<IStreamRules>(new StreamTopicRules());
        builder.Services.AddVirgaTelemetry(new TelemetryOptions { DataDirectory = data.Path, Tracing = new TracingOptions { OtlpEndpoint = options.OtlpEndpoint }, Prices = options.Prices });
        builder.Services.AddSingleton(provider => new ActivityMeter(provider.GetRequiredService<IInvocationObserver>(), provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddVirgaControl(new ControlOptions
        {
            DataDirectory = data.Path,
            ClusterConnectionString = options.ClusterDatabase,
            MaxPackageBytes = options.MaxPackage.Bytes,
            TopicsMissing = NodeTopics.AreIn(options) ? null : NodeTopics.Missing,
            Isolation = options.IsolationMinimums,
            BuiltInEnvironments = BuiltInEnvironments.Find(options.PoolSize),
            BuildOptions = new BuildOptions
            {
                TypeScriptBuilderPath = Path.Combine(Installation.Runtimes, "node", "build-typescript.mjs"),
                CSharpCompilerPath = Path.Combine(Installation.Runtimes, "dotnet", "compiler", "virga-compiler"),
            },
        });

        if (IPAddress.IsLoopback(options.Admin.Address))
        {
            // A web page whose name was rebound to this machine's loopback must not command the node.
            builder.Services.AddHostFiltering(static filter => filter.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        }

        var app = builder.Build();
        app.UseHostFiltering();
        app.UseMiddleware<OriginGuard>();
        app.UseWebSockets();
        app.MapVirgaControl();
        app.MapVirgaTelemetry();
        app.MapVirgaDags(() => engines.Dags);
        app.MapVirgaStreams(engines.RequireStreams);
        app.MapVirgaTriggers(engines.RequireTriggers);
        app.MapVirgaState(engines.RequireState);
        app.MapVirgaTopics(() => engines.RequireTopics().Node);
        app.MapVirgaPulsar(() => engines.RequireTopics().Node, () => engines.Pulsar, options.ClusterName ?? TopicBrokerOptions.UsualCluster);
        app.MapNode();
        return app;
    }

    // The same for the same data folder, so that a restart finds what a killed node left behind.
    private static string NodeId(string data) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data)))[..MaxStoredNodeId];

    private static string Describe(ExecutionEngine execution) =>
        execution.BubblewrapMissing is { } missing && execution.DefaultIsolation == Isolation.Process
            ? $"process, for trusted code only: {missing}"
            : execution.DefaultIsolation.ToString().ToLowerInvariant();

    private static async Task WelcomeAsync(string samples, Uri admin, Uri gateway, Terminal terminal, CancellationToken stop)
    {
        try
        {
            using var client = new ControlClient(admin, ResourceName.Default, ResourceName.Default);
            await WelcomeTour.RunAsync(client, gateway, samples, terminal.Console, terminal.Time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await terminal.Out.WriteLineAsync("The tour was broken off.");
        }
        catch (Exception e) when (e is ControlException or Cli.Client.NodeUnreachableException or ProblemException or HttpRequestException)
        {
            await terminal.Error.WriteLineAsync($"error: The tour stopped: {e.Message} The node goes on serving.");
        }
    }

    private static async Task WhenStoppedAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
        await stopped.Task;
    }

    private static async Task<int> RefuseAsync(Terminal terminal, Problem problem)
    {
        await terminal.Error.WriteLineAsync($"error: {problem.Detail} {problem.Fix} ({problem.Slug})");
        return ExitCode.Refused;
    }
}
