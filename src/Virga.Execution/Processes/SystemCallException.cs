using System.Runtime.InteropServices;

namespace Virga.Execution.Processes;

/// <summary>A call into the kernel failed; the message names the call and the kernel's reason.</summary>
internal sealed class SystemCallException(string call, int error)
    : IOException(error == Libc.TooManyOpenFiles
        ? $"{call}: {Marshal.GetPInvokeErrorMessage(error)}. Raise the limit on open files of the node (ulimit -n)."
        : $"{call}: {Marshal.GetPInvokeErrorMessage(error)}")
{
    /// <summary>The kernel's errno.</summary>
    internal int Error { get; } = error;

    /// <summary>The exception for the call that has just failed on this thread.</summary>
    internal static SystemCallException Last(string call) => new(call, Marshal.GetLastPInvokeError());
}
