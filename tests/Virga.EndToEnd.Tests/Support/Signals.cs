using System.Runtime.InteropServices;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Signals to one process, by its own id.</summary>
internal static partial class Signals
{
    private const int KillSignal = 9;
    private const int Terminate = 15;

    /// <summary>Asks a process to end (SIGTERM).</summary>
    public static void Stop(int processId) => Send(processId, Terminate);

    /// <summary>Ends a process (SIGKILL).</summary>
    public static void Kill(int processId) => Send(processId, KillSignal);

    private static void Send(int processId, int signal)
    {
        if (SendSignal(processId, signal) != 0)
        {
            throw new InvalidOperationException($"Process {processId} could not be signalled: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
