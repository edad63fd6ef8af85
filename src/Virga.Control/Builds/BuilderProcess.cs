using System.ComponentModel;
using System.Diagnostics;

namespace Virga.Control.Builds;

/// <summary>Starts and ends the processes of builders.</summary>
internal static class BuilderProcess
{
    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw BuildFailures.NoBuilder($"'{start.FileName}' that could be started ({exception.Message})", "Install it, or set its path in the node's configuration.");
        }
    }

    public static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
