using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>The worker is a process of the machine.</summary>
/// <param name="wrappers">How many processes stand between the outermost one and the worker, each the parent of the next.</param>
internal sealed class NestedWorker(int wrappers) : IWorkerView
{
    public int? FindProcess(int outermost)
    {
        int pid = outermost;
        for (int i = 0; i < wrappers; i++)
        {
            IReadOnlyList<int> children = ProcessTable.ChildrenOf(pid);
            if (children.Count == 0)
            {
                return null;
            }

            pid = children[0];
        }

        return pid;
    }

    // One system call and no file: it is asked twice per call.
    public TimeSpan CpuTime(int workerPid, Cgroup? group) => ProcessTable.CpuTimeOf(workerPid);

    public bool MayBeKill(ProcessExit exit) => exit.Signal == Libc.SignalKill;
}
