using Virga.Core.Resources;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>Starts sandboxes on this machine. One per node; it owns the threads that sandboxes are started, reaped and given their packages by.</summary>
internal sealed class SandboxHost : ISandboxLauncher, IDisposable
{
    private readonly CgroupTree _cgroups;
    private readonly ProcessSpawner _spawner = new();
    private readonly ChildReaper _reaper = new();
    private readonly PackageMounter _mounter = new();
    private readonly DedicatedThread _pushOut = new("virga-push-out");
    private readonly SandboxStarter _starter;
    private readonly ProcessLauncher _process;
    private readonly InternetConnector _internet;
    private readonly GvisorLauncher? _gvisor;
    private BubblewrapLauncher? _bubblewrap;

    private SandboxHost(CgroupTree cgroups, SandboxOptions options, TimeProvider time)
    {
        _cgroups = cgroups;
        _internet = new InternetConnector(_reaper, options.Egress, options.FirstUserId - 1);
        _starter = new SandboxStarter(_spawner, _reaper, _internet, cgroups, _pushOut, time);
        _process = new ProcessLauncher(_starter);
        (string? runsc, string? gvisorMissing) = GvisorProbe.Look(cgroups.Capabilities);
        _gvisor = runsc is null ? null : new GvisorLauncher(_starter, _mounter, runsc, options.ScratchRoot);
        Capabilities = new SandboxCapabilities(cgroups.Capabilities, Bubblewrap: null, BubblewrapMissing: null, gvisorMissing, SwapSpace.Read()) { InternetMissing = _internet.Missing };
    }

    internal SandboxCapabilities Capabilities { get; private set; }

    /// <summary>For what only gVisor can do.</summary>
    /// <exception cref="SandboxException">It is not available here.</exception>
    internal GvisorLauncher Gvisor => _gvisor ?? throw new SandboxException($"The isolation 'gvisor' is not available on this machine: {Capabilities.GvisorMissing}");

    /// <summary>The isolation of functions that name none: the strongest that works here and costs next to nothing.</summary>
    internal Isolation DefaultIsolation => _bubblewrap is null ? Isolation.Process : Isolation.Bubblewrap;

    /// <summary>Removes what an earlier run left and finds out, by trying, what this machine can do.</summary>
    internal static async Task<SandboxHost> StartAsync(SandboxOptions options, TimeProvider time, CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.ScratchRoot);
        CgroupTree cgroups = CgroupTree.Detect(options.NodeId);
        await new SandboxJanitor(cgroups, options.ScratchRoot, time).SweepAsync();
        var host = new SandboxHost(cgroups, options, time);
        try
        {
            await host.ProbeAsync(options, cancellation);
            return host;
        }
        catch (Exception)
        {
            host.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public SandboxProcess Launch(SandboxSpec spec) => spec.Isolation switch
    {
        Isolation.Process => _process.Launch(spec),
        Isolation.Bubblewrap when _bubblewrap is not null => _bubblewrap.Launch(spec),
        Isolation.Bubblewrap => throw new SandboxException($"The isolation 'bubblewrap' is not available on this machine: {Capabilities.BubblewrapMissing}"),
        Isolation.Gvisor => Gvisor.Launch(spec),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Isolation, "Unknown isolation."),
    };

    /// <summary>Stops the threads; all sandboxes must have been disposed of before.</summary>
    public void Dispose()
    {
        _gvisor?.Dispose();
        _pushOut.Dispose();
        _mounter.Dispose();
        _internet.Dispose();
        _reaper.Dispose();
        _spawner.Dispose();
        _cgroups.RemoveIfEmpty();
    }

    private async Task ProbeAsync(SandboxOptions options, CancellationToken cancellation)
    {
        var users = new UserIdRange(options.FirstUserId, options.UserIds);
        string? missing = null;
        foreach (BubblewrapMode mode in options.Bubblewrap is { } only ? [only] : BubblewrapMode.For(isRoot: Libc.EffectiveUserId() == 0))
        {
            var candidate = new BubblewrapLauncher(_starter, _mounter, users, mode);
            string? reason = await new BubblewrapProbe(candidate, options.ScratchRoot).TryAsync(cancellation);
            if (reason is null)
            {
                _bubblewrap = candidate;
                Capabilities = Capabilities with { Bubblewrap = mode };
                return;
            }

            missing ??= reason;
        }

        Capabilities = Capabilities with { BubblewrapMissing = missing };
    }
}
