using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Virga.Core.Resources;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>A node in a process of its own: this test assembly, started once more with only this in it.</summary>
public sealed class NodeThatIsKilled
{
    private const string NodeVariable = "VIRGA_TEST_NODE";
    private const string ScratchVariable = "VIRGA_TEST_SCRATCH";
    private const string PortVariable = "VIRGA_TEST_PORT";

    internal static Process Start(SandboxOptions options, int port)
    {
        string[] arguments = [typeof(NodeThatIsKilled).Assembly.Location, "-explicit", "only", "-method", $"{typeof(NodeThatIsKilled).FullName}.{nameof(It_runs_until_it_is_killed)}"];
        var start = new ProcessStartInfo(Machine.DotnetProgram, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[NodeVariable] = options.NodeId;
        start.Environment[ScratchVariable] = options.ScratchRoot;
        start.Environment[PortVariable] = $"{port}";
        return Process.Start(start)!;
    }

    [Fact(Explicit = true)]
    public async Task It_runs_until_it_is_killed()
    {
        string scratch = Environment.GetEnvironmentVariable(ScratchVariable)!;
        int port = int.Parse(Environment.GetEnvironmentVariable(PortVariable)!, CultureInfo.InvariantCulture);
        var options = new SandboxOptions { NodeId = Environment.GetEnvironmentVariable(NodeVariable)!, ScratchRoot = scratch };
        using SandboxHost host = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        EgressPolicy internet = host.Capabilities.InternetMissing is null ? EgressPolicy.Internet : EgressPolicy.None;
        SandboxSpec Worker(Isolation isolation, string program) => new()
        {
            InstanceId = $"{isolation}",
            Isolation = isolation,
            Command = [SandboxFixture.Python, "-c", program],
            Egress = internet,
            ScratchDirectory = Path.Combine(scratch, $"{isolation}"),
        };
        await using SandboxProcess sandboxed = host.Launch(Worker(Isolation.Bubblewrap, "import time; print('runs', flush=True); time.sleep(1000)"));
        await SandboxFixture.ReadLineAsync(sandboxed);
        await sandboxed.NetworkReady;
        await using SandboxProcess? gvisor = host.Capabilities.GvisorMissing is null ? host.Launch(Gvisor("gvisor", internet)) : null;
        await using PreparedSandbox? prepared = gvisor is null ? null : await host.Gvisor.PrepareAsync(Gvisor("prepared", EgressPolicy.None), TestContext.Current.CancellationToken);
        if (gvisor is not null)
        {
            await SandboxFixture.ReadLineAsync(gvisor);
            await gvisor.NetworkReady;
        }

        await using SandboxProcess process = host.Launch(Worker(Isolation.Process, $"import socket, time; s = socket.create_connection(('127.0.0.1', {port})); time.sleep(1000)"));
        await Task.WhenAll(sandboxed.Exited, process.Exited);

        SandboxSpec Gvisor(string id, EgressPolicy egress) => Worker(Isolation.Gvisor, "print(flush=True)\nwhile True: pass") with
        {
            InstanceId = id,
            Egress = egress,
            ScratchDirectory = Path.Combine(scratch, id),
        };
    }
}
