using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Logging;
using Virga.Core.Resources;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scheduling;

namespace Virga.Execution;

/// <summary>All that runs functions on a node: sandboxes, pools and the scheduler in front of them.</summary>
public sealed class ExecutionEngine : IAsyncDisposable
{
    private readonly SandboxHost _sandboxes;
    private readonly ExecutionMetrics _metrics;

    private ExecutionEngine(SandboxHost sandboxes, Scheduler scheduler)
    {
        _sandboxes = sandboxes;
        Scheduler = scheduler;
        _metrics = new ExecutionMetrics(scheduler);
    }

    /// <summary>Runs invocations.</summary>
    public Scheduler Scheduler { get; }

    /// <summary>The isolation of functions that name none.</summary>
    public Isolation DefaultIsolation => Scheduler.DefaultIsolation;

    /// <summary>Why the isolation <c>bubblewrap</c> is not available here, and how to mend it; null when it is.</summary>
    public string? BubblewrapMissing => _sandboxes.Capabilities.BubblewrapMissing;

    /// <summary>Why the isolation <c>gvisor</c> is not available here, and how to mend it; null when it is.</summary>
    public string? GvisorMissing => _sandboxes.Capabilities.GvisorMissing;

    /// <summary>Why idle instances cannot be frozen here, what that costs, and how to mend it; null when they can.</summary>
    public string? FreezingMissing => _sandboxes.Capabilities.FreezingMissing;

    /// <summary>Why frozen instances keep their memory here, what that costs, and how to mend it; null when they do not.</summary>
    public string? SwapMissing => _sandboxes.Capabilities.SwapMissing;

    /// <summary>Why functions with the egress <c>internet</c> cannot run in a sandbox, and how to mend it; null when they can.</summary>
    public string? InternetMissing => _sandboxes.Capabilities.InternetMissing;

    /// <summary>Which resource limits this machine can enforce, for people to read.</summary>
    public string Limits => _sandboxes.Capabilities.Cgroups.ToString();

    /// <summary>Clears away what an earlier run of the same node left, finds out what the machine can do, and is ready; starts no instance.</summary>
    /// <exception cref="Core.Problems.ProblemException">The isolation that the options ask for does not work here.</exception>
    public static async Task<ExecutionEngine> StartAsync(
        ExecutionOptions options,
        IEnvironmentCatalog environments,
        IPackageDirectory packages,
        IFunctionLog log,
        IInvocationObserver observer,
        IResidencyObserver residency,
        IScaleObserver scale,
        IPlatformCalls platform,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        var sandboxOptions = new SandboxOptions
        {
            NodeId = options.NodeId,
            ScratchRoot = options.ScratchDirectory,
            Egress = new EgressRules { AllowsPrivate = options.EgressToPrivateNetworks, Resolvers = options.Resolvers },
        };
        var sandboxes = await SandboxHost.StartAsync(sandboxOptions, time, cancellation);
        string? missing = options.DefaultIsolation switch
        {
            Isolation.Bubblewrap => sandboxes.Capabilities.BubblewrapMissing,
            Isolation.Gvisor => sandboxes.Capabilities.GvisorMissing,
            _ => null,
        };
        if (missing is not null)
        {
            sandboxes.Dispose();
            throw new Core.Problems.ProblemException(Core.Problems.KnownProblems.Unavailable($"The isolation '{options.DefaultIsolation.ToString()!.ToLowerInvariant()}' does not work here: {missing}", "Install what is missing, or start the node with --isolation process for trusted code."));
        }

        var scheduler = new Scheduler(options, sandboxes, environments, packages, log, observer, residency, scale, platform, time, loggers);
        return new ExecutionEngine(sandboxes, scheduler);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await Scheduler.DisposeAsync();
        _sandboxes.Dispose();
    }
}
