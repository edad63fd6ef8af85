using System.Net.Sockets;
using System.Text;
using Virga.Core.Resources;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>Finds out whether a way to use bubblewrap works here, by starting a sandbox with a package in it.</summary>
internal sealed class BubblewrapProbe(BubblewrapLauncher launcher, string scratchRoot)
{
    private const string Marker = "probe";
    private const int MaxErrorBytes = 1024;

    // Says that it runs, then waits until its input ends.
    private static readonly string[] s_command = ["/bin/sh", "-c", "echo; read -r line"];

    /// <summary>Null when it works; otherwise why it does not.</summary>
    internal async Task<string?> TryAsync(CancellationToken cancellation)
    {
        string package = Path.Combine(scratchRoot, "probe-package");
        try
        {
            ScratchDirectory.CreateReadable(package);
            ScratchDirectory.WriteReadable(package, Marker, string.Empty);
            var spec = new SandboxSpec
            {
                InstanceId = "probe",
                Isolation = Isolation.Bubblewrap,
                Command = s_command,
                ScratchDirectory = Path.Combine(scratchRoot, "probe"),
            };
            await using SandboxProcess sandbox = launcher.Launch(spec);
            return await TryPackageAsync(sandbox, package, cancellation);
        }
        catch (SandboxException failure)
        {
            return failure.Message;
        }
        finally
        {
            ScratchDirectory.Remove(package);
        }
    }

    private static async Task<string?> TryPackageAsync(SandboxProcess sandbox, string package, CancellationToken cancellation)
    {
        if (await sandbox.Channel.ReceiveAsync(new byte[1], SocketFlags.None, cancellation) == 0)
        {
            var error = new byte[MaxErrorBytes];
            int length = await sandbox.ErrorOutput.ReceiveAsync(error, SocketFlags.None, cancellation);
            ProcessExit exit = await sandbox.Exited.WaitAsync(cancellation);
            return $"bwrap ended with {exit}: {Encoding.UTF8.GetString(error, 0, length).Trim()}";
        }

        sandbox.AttachPackage(package);
        return File.Exists($"/proc/{sandbox.WorkerPid}/root{sandbox.CodeRoot}/{Marker}") ? null : "a package did not appear in the sandbox";
    }
}
