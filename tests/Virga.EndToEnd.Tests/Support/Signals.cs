using System.Runtime.InteropServices;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Signals to one process, by its own id.</summary>
internal static partial class Signals
{
    private const int Terminate = 15;

    /// <summary>Asks a process to end (SIGTERM).</summary>
    public static void Stop(int processId)
    {
        if (Kill(processId, Terminate) != 0)
        {
            throw new InvalidOperationException($"Process {processId} could not be signalled: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
