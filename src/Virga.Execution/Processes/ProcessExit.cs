using System.Runtime.InteropServices;

namespace Virga.Execution.Processes;

/// <summary>How a process ended.</summary>
/// <param name="Code">The exit code, or 128 + the signal that ended it.</param>
/// <param name="Signal">The signal that ended it, when one did.</param>
/// <param name="OutOfMemory">The kernel ended it because it went over its memory limit.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ProcessExit(int Code, int? Signal, bool OutOfMemory)
{
    private const int SignalBase = 128;
    private const int LastSignal = 64;

    internal bool IsSuccess => Code == 0;

    /// <summary>Reads a <c>waitpid</c> status. A code above 128 is how a parent in between (bwrap, a shell) passes a signal on.</summary>
    internal static ProcessExit FromWaitStatus(int status)
    {
        int signal = status & 0x7f;
        if (signal != 0)
        {
            return new ProcessExit(SignalBase + signal, signal, OutOfMemory: false);
        }

        int code = (status >> 8) & 0xff;
        return new ProcessExit(code, code is > SignalBase and <= SignalBase + LastSignal ? code - SignalBase : null, OutOfMemory: false);
    }

    public override string ToString() => (OutOfMemory, Signal) switch
    {
        (true, _) => "out of memory",
        (false, { } signal) => $"signal {signal}",
        _ => $"exit code {Code}",
    };
}
