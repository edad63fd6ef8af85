using System.Net.Sockets;
using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>A worker that runs in a sandbox, from outside: its channel, its end, its use of resources and its package.</summary>
internal sealed partial class SandboxProcess : IAsyncDisposable
{
    private const int MaxKills = 100;
    private static readonly TimeSpan s_nextKill = TimeSpan.FromMilliseconds(100);

    private readonly ChildProcess _child;
    private readonly Cgroup? _cgroup;
    private readonly SandboxSpec _spec;
    private readonly ICodeRoot _code;
    private readonly IWorkerView _worker;
    private readonly Action _release;
    private readonly DedicatedThread _pushOut;
    private readonly TimeProvider _time;
    private readonly Task _networkWatch = Task.CompletedTask;
    private int _workerPid;
    private int _disposed;

    /// <param name="worker">How the worker is found and measured from outside.</param>
    /// <param name="release">Called once when no process of the sandbox is left.</param>
    /// <param name="pushOut">Where memory is pushed out: one sandbox after the other, so that it takes one core at most.</param>
    internal SandboxProcess(
        SandboxSpec spec, ChildProcess child, Cgroup? cgroup, ICodeRoot code, Socket channel, Socket errorOutput, IWorkerView worker, Action release, DedicatedThread pushOut, TimeProvider time)
    {
        _spec = spec;
        _child = child;
        _cgroup = cgroup;
        _code = code;
        _worker = worker;
        _release = release;
        _pushOut = pushOut;
        _time = time;
        Channel = channel;
        ErrorOutput = errorOutput;
        Exited = WaitForExitAsync();
    }

    /// <summary>Full duplex; the worker has the other end as its descriptors 0 and 1.</summary>
    internal Socket Channel { get; }

    /// <summary>What the worker writes to its descriptor 2.</summary>
    internal Socket ErrorOutput { get; }

    /// <summary>The way out to the network; null for a sandbox that has none of its own.</summary>
    internal InternetNamespace? Network
    {
        get;
        init
        {
            field = value;
            _networkWatch = value is null ? Task.CompletedTask : EndWithoutAsync(value);
        }
    }

    /// <summary>Completes once the worker can open those connections that it may open; to be awaited before it loads a function.</summary>
    /// <exception cref="SandboxException">There will be no network.</exception>
    internal Task NetworkReady => Network?.Ready ?? Task.CompletedTask;

    /// <summary>The outermost process, a child of the node.</summary>
    internal int Pid => _child.Pid;

    /// <summary>What it was started with.</summary>
    internal SandboxSpec Spec => _spec;

    /// <summary>The worker itself, by the machine's process ids; with a kernel of its own, that kernel.</summary>
    /// <exception cref="SandboxException">The worker does not run (yet, or any more): ask after its first output.</exception>
    internal int WorkerPid => _workerPid != 0 ? _workerPid : _workerPid = FindWorker();

    /// <summary>Completes once the outermost process has ended and is reaped.</summary>
    internal Task<ProcessExit> Exited { get; }

    /// <summary>The folder in which the worker finds its package.</summary>
    internal string CodeRoot => _code.Path;

    /// <summary>Makes a package's folder appear at <see cref="CodeRoot"/>, read-only; to be called once, after the worker's first output.</summary>
    /// <exception cref="SandboxException">It cannot be attached.</exception>
    internal void AttachPackage(string packageDirectory) => _code.Attach(packageDirectory, WorkerPid);

    /// <summary>The memory of the whole sandbox when its worker may have so much.</summary>
    internal long MemoryLimit(long workerBytes) => SandboxSpec.MemoryLimit(_spec.Isolation, workerBytes);

    /// <summary>Gives the running worker other limits.</summary>
    /// <exception cref="SandboxException">The kernel refuses: the worker uses more memory than it would be allowed.</exception>
    internal void UpdateLimits(long memoryBytes, double cpu)
    {
        try
        {
            _cgroup?.Limit(_spec.LimitsWith(memoryBytes, cpu));
        }
        catch (IOException refusal)
        {
            throw new SandboxException($"The limits of instance {_spec.InstanceId} cannot be {memoryBytes} bytes and {cpu} cores: {refusal.Message}", refusal);
        }
    }

    /// <summary>CPU time that the worker has used in all its threads; zero once it has ended.</summary>
    internal TimeSpan CpuTime() => _worker.CpuTime(WorkerPid, _cgroup);

    /// <summary>Memory in use by the whole sandbox, or by the worker where groups are not accounted.</summary>
    internal long MemoryBytes() => _cgroup?.MemoryBytes ?? ProcessTable.MemoryOf(WorkerPid, "VmRSS");

    /// <summary>The most memory that was ever in use.</summary>
    internal long PeakMemoryBytes() => _cgroup?.PeakMemoryBytes ?? ProcessTable.MemoryOf(WorkerPid, "VmHWM");

    /// <summary>Ends every process of the sandbox at once.</summary>
    internal void Kill()
    {
        if (_cgroup is not null)
        {
            _cgroup.KillAll();
        }
        else if (!Exited.IsCompleted)
        {
            // Without a group: parents first, so that nothing is started again.
            foreach (int pid in ProcessTable.TreeOf(Pid))
            {
                _ = Libc.Kill(pid, Libc.SignalKill);
            }
        }

        _child.Kill();
    }

    /// <summary>Ends every process of the sandbox and waits until the outermost is gone; kills again what was stopped before it could end.</summary>
    /// <exception cref="IOException">It stays, which only a process that hangs in the kernel can do.</exception>
    internal async Task<ProcessExit> EndAsync()
    {
        for (int kills = 0; kills < MaxKills; kills++)
        {
            Kill();
            try
            {
                return await Exited.WaitAsync(s_nextKill, _time);
            }
            catch (TimeoutException)
            {
                continue;
            }
        }

        throw new IOException($"The process {Pid} of instance {_spec.InstanceId} is still there after it was killed {MaxKills} times.");
    }

    /// <summary>Kills what still runs and removes every trace of the sandbox from the machine.</summary>
    /// <exception cref="IOException">A process of it stays.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        Task<ProcessExit> ended = EndAsync();
        Channel.Dispose();
        ErrorOutput.Dispose();

        // As long as it is there, its user and its folder are not given to another.
        await ended;
        try
        {
            if (Network is not null)
            {
                await Network.DisposeAsync();
                await _networkWatch;
            }

            if (_cgroup is not null)
            {
                await _cgroup.RemoveAsync(_time);
            }
        }
        finally
        {
            _child.Dispose();
            _release();
        }
    }

    /// <summary>Ends the sandbox when it loses its network, rather than let each of its calls run into a timeout.</summary>
    private async Task EndWithoutAsync(InternetNamespace network)
    {
        await network.Lost;
        if (Volatile.Read(ref _disposed) == 0)
        {
            Kill();
        }
    }

    private async Task<ProcessExit> WaitForExitAsync()
    {
        ProcessExit exit = await _child.Exit;

        // The count also grows when the kernel ends a mere helper process of the worker, which the worker may survive.
        return _worker.MayBeKill(exit) && _cgroup?.OutOfMemoryKills > 0 ? exit with { OutOfMemory = true } : exit;
    }

    private int FindWorker() => _worker.FindProcess(Pid) ?? throw new SandboxException($"The worker of instance {_spec.InstanceId} does not run.");
}
