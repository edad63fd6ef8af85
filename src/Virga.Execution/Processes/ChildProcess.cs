namespace Virga.Execution.Processes;

/// <summary>A child that is watched. Its handle stays valid after its end, so that a late signal cannot hit a stranger with the same id.</summary>
internal sealed class ChildProcess(int pid, Descriptor handle) : IDisposable
{
    private readonly TaskCompletionSource<ProcessExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal int Pid { get; } = pid;

    /// <summary>The pidfd.</summary>
    internal Descriptor Handle { get; } = handle;

    /// <summary>Completes when the child has ended and is reaped.</summary>
    internal Task<ProcessExit> Exit => _exit.Task;

    /// <summary>Sends SIGKILL; nothing happens when it has already ended.</summary>
    internal void Kill() => _ = Libc.SystemCallOn(Libc.PidfdSendSignal, Handle, Libc.SignalKill, 0, 0, 0);

    internal void Complete(ProcessExit exit) => _exit.SetResult(exit);

    internal void Fail(SystemCallException failure) => _exit.SetException(failure);

    public void Dispose() => Handle.Dispose();
}
