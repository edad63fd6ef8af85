using Virga.Core.Resources;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>Starts sandboxes on this machine. One per node; it owns the threads that sandboxes are started, reaped and given their packages by.</summary>
internal sealed class SandboxHost : ISandboxLauncher, IDisposable
{
    private readonly ProcessSpawner _spawner;
    private readonly ChildReaper _reaper;
    private readonly PackageMounter _mounter;
    private readonly ProcessLauncher _process;
    private readonly BubblewrapLauncher? _bubblewrap;

    private SandboxHost(
        ProcessSpawner spawner, ChildReaper reaper, PackageMounter mounter, ProcessLauncher process, BubblewrapLauncher? bubblewrap, SandboxCapabilities capabilities)
    {
        _spawner = spawner;
        _reaper = reaper;
        _mounter = mounter;
        _process = process;
        _bubblewrap = bubblewrap;
        Capabilities = capabilities;
    }

    internal SandboxCapabilities Capabilities { get; }

    /// <summary>The strongest isolation that works here.</summary>
    internal Isolation DefaultIsolation => _bubblewrap is null ? Isolation.Process : Isolation.Bubblewrap;

    /// <summary>Removes what an earlier run left and finds out, by trying, what this machine can do.</summary>
    internal static async Task<SandboxHost> StartAsync(SandboxOptions options, TimeProvider time, CancellationToken cancellation)
    {
        Directory.CreateDirectory(options.ScratchRoot);
        CgroupTree cgroups = CgroupTree.Detect(options.NodeId);
        await new SandboxJanitor(cgroups, options.ScratchRoot, time).SweepAsync();

        var spawner = new ProcessSpawner();
        var reaper = new ChildReaper();
        var mounter = new PackageMounter();
        var starter = new SandboxStarter(spawner, reaper, cgroups, time);
        var users = new UserIdRange(options.FirstUserId, options.UserIds);
        string? missing = null;
        BubblewrapLauncher? bubblewrap = null;
        foreach (BubblewrapMode mode in options.Bubblewrap is { } only ? [only] : BubblewrapMode.For(isRoot: Libc.EffectiveUserId() == 0))
        {
            var candidate = new BubblewrapLauncher(starter, mounter, users, mode);
            string? reason = await new BubblewrapProbe(candidate, options.ScratchRoot).TryAsync(cancellation);
            if (reason is null)
            {
                bubblewrap = candidate;
                break;
            }

            missing ??= reason;
        }

        var capabilities = new SandboxCapabilities(cgroups.Capabilities, bubblewrap?.Mode, bubblewrap is null ? missing : null);
        return new SandboxHost(spawner, reaper, mounter, new ProcessLauncher(starter), bubblewrap, capabilities);
    }

    /// <inheritdoc/>
    public SandboxProcess Launch(SandboxSpec spec) => spec.Isolation switch
    {
        Isolation.Process => _process.Launch(spec),
        Isolation.Bubblewrap when _bubblewrap is not null => _bubblewrap.Launch(spec),
        Isolation.Bubblewrap => throw new SandboxException($"The isolation 'bubblewrap' is not available on this machine: {Capabilities.BubblewrapMissing}"),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Isolation, "Unknown isolation."),
    };

    /// <summary>Stops the threads; all sandboxes must have been disposed of before.</summary>
    public void Dispose()
    {
        _mounter.Dispose();
        _reaper.Dispose();
        _spawner.Dispose();
    }
}
