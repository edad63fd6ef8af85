using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
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
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Resources;
using Virga.Core.Routing;
using Virga.Core.Streams;
using Virga.Core.Triggers;

namespace Virga.Control;

/// <summary>Registers the control plane.</summary>
public static class ControlServices
{
    // Of the database's, which all nodes share: turns, commits and reads of one node at a time are few.
    private const int MaxConnections = 16;

    /// <summary>
    /// Adds <see cref="ControlPlane"/>, <see cref="IFunctionCatalog"/>, <see cref="IDagCatalog"/>, <see cref="ITriggerCatalog"/>, <see cref="IStreamCatalog"/>, <see cref="IEnvironmentCatalog"/>, <see cref="IPackageDirectory"/> and an <see cref="IScaleObserver"/> that feeds the feed of changes. Every registered <see cref="IRouteSink"/>
    /// and <see cref="IFunctionLifecycleListener"/> is told of changes; the invoke endpoint uses the registered <see cref="IInvoker"/>, and triggers and streams are checked by the registered <see cref="ITriggerRules"/> and <see cref="IStreamRules"/>.
    /// </summary>
    public static IServiceCollection AddVirgaControl(this IServiceCollection services, ControlOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(options.BuildOptions);
        services.AddSingleton(options.VersionRetention);
        services.AddSingleton(options.Isolation);
        if (options.ClusterConnectionString is { } database)
        {
            services.AddSharedStorage(database);
        }
        else
        {
            services.AddSingleton<IMetadataStore>(provider => new SqliteMetadataStore(Path.Combine(options.DataDirectory, "metadata.db"), provider.GetRequiredService<TimeProvider>()));
        }

        services.AddSingleton<ChangeLog>();
        services.AddSingleton<ScaleFeed>();
        services.AddSingleton<IScaleObserver>(provider => provider.GetRequiredService<ScaleFeed>());

        var limits = new PackageLimits { MaxUploadBytes = options.MaxPackageBytes };
        services.AddSingleton(provider => new PackageStore(options.DataDirectory, limits, provider.GetRequiredService<TimeProvider>(), provider.GetService<IPackageBlobs>()));
        services.AddSingleton<IPackageDirectory>(provider => provider.GetRequiredService<PackageStore>());
        services.AddSingleton<PackageService>();
        services.AddSingleton<CSharpCompiler>();
        services.AddSingleton<IPackageBuilder, TypeScriptBuilder>();
        services.AddSingleton<IPackageBuilder, CSharpBuilder>();
        services.AddSingleton(provider => new PackageBuilds(options.DataDirectory, provider.GetRequiredService<PackageStore>(), provider.GetServices<IPackageBuilder>()));

        services.AddSingleton(new EnvironmentCatalog(options.BuiltInEnvironments));
        services.AddSingleton<IEnvironmentCatalog>(provider => provider.GetRequiredService<EnvironmentCatalog>());
        services.AddSingleton<EnvironmentService>();
        services.AddSingleton<FunctionCatalog>();
        services.AddSingleton<IFunctionCatalog>(provider => provider.GetRequiredService<FunctionCatalog>());
        services.AddSingleton<FunctionTraffic>();
        services.AddSingleton<CallerSearch>();
        services.AddSingleton<FunctionService>();
        services.AddSingleton<AliasService>();
        services.AddSingleton<DagCatalog>();
        services.AddSingleton<IDagCatalog>(provider => provider.GetRequiredService<DagCatalog>());
        services.AddSingleton<DagService>();
        services.AddSingleton<TriggerCatalog>();
        services.AddSingleton<ITriggerCatalog>(provider => provider.GetRequiredService<TriggerCatalog>());
        services.AddSingleton<TriggerService>();
        services.AddSingleton<StreamCatalog>();
        services.AddSingleton<IStreamCatalog>(provider => provider.GetRequiredService<StreamCatalog>());
        services.AddSingleton<StreamService>();
        services.AddSingleton<RouteBook>();
        services.AddSingleton<RouteTraffic>();
        services.AddSingleton<RouteService>();
        services.AddSingleton(CreatePlane);
        services.AddOpenApi("v1");
        return services;
    }

    private static void AddSharedStorage(this IServiceCollection services, string database)
    {
        services.AddSingleton(_ => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { ApplicationName = "virga control", MaxPoolSize = MaxConnections }));
        services.AddSingleton<IMetadataStore>(provider => new PostgresMetadataStore(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<IPackageBlobs>(provider => new PostgresPackageBlobs(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton(_ => new PostgresChangeSignal(database));
        services.AddSingleton<IResourceFollower, EnvironmentFollower>();
        services.AddSingleton<IResourceFollower, FunctionFollower>();
        services.AddSingleton<IResourceFollower, RouteFollower>();
        services.AddSingleton<IResourceFollower, DagFollower>();
        services.AddSingleton<IResourceFollower, TriggerFollower>();
        services.AddSingleton<IResourceFollower, StreamFollower>();
        services.AddSingleton<ClusterFollower>();
        services.AddSingleton<PackagePrefetcher>();
    }

    private static ControlPlane CreatePlane(IServiceProvider provider) => new(
        provider.GetRequiredService<IMetadataStore>(),
        provider.GetRequiredService<PackageStore>(),
        provider.GetRequiredService<PackageBuilds>(),
        provider.GetRequiredService<PackageService>(),
        provider.GetRequiredService<CSharpCompiler>(),
        provider.GetRequiredService<FunctionCatalog>(),
        provider.GetRequiredService<FunctionTraffic>(),
        provider.GetRequiredService<EnvironmentCatalog>(),
        provider.GetRequiredService<RouteTraffic>(),
        provider.GetRequiredService<DagCatalog>(),
        provider.GetRequiredService<TriggerCatalog>(),
        provider.GetRequiredService<StreamCatalog>(),
        provider.GetRequiredService<ChangeLog>(),
        provider.GetService<ClusterFollower>(),
        provider.GetRequiredService<ControlOptions>(),
        provider.GetRequiredService<TimeProvider>(),
        provider.GetRequiredService<ILogger<ControlPlane>>());
}
