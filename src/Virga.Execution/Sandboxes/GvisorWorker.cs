using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>The worker is a process of gVisor's kernel, not of the machine: that kernel stands for it.</summary>
internal sealed class GvisorWorker(GvisorFiles files) : IWorkerView
{
    // What runsc itself exits with when its sandbox is gone.
    private const int SandboxGone = 128;

    public int? FindProcess(int outermost) => GvisorProcesses.Read(files)?.Kernel;

    // User code runs in helper processes of the kernel, whose clocks are not its own: only the group knows the sum.
    public TimeSpan CpuTime(int workerPid, Cgroup? group) => group?.CpuTime ?? ProcessTable.CpuTimeOf(workerPid);

    public bool MayBeKill(ProcessExit exit) => exit.Signal == Libc.SignalKill || exit.Code == SandboxGone;
}
