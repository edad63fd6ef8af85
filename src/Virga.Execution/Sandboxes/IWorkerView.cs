using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>How a worker is seen from outside of its sandbox.</summary>
internal interface IWorkerView
{
    /// <summary>The worker's process by the machine's ids, or its kernel's; null when it does not run.</summary>
    /// <param name="outermost">The sandbox's outermost process.</param>
    int? FindProcess(int outermost);

    /// <summary>CPU time that the worker has used; zero once it has ended.</summary>
    TimeSpan CpuTime(int workerPid, Cgroup? group);

    /// <summary>Whether the sandbox may have ended so because the kernel killed a process of it.</summary>
    bool MayBeKill(ProcessExit exit);
}
