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
        SandboxSpec Worker(Isolation isolation) => new()
        {
            InstanceId = $"{isolation}",
            Isolation = isolation,
            Command = [SandboxFixture.Python, "-c", $"import socket, time; s = socket.create_connection(('127.0.0.1', {port})); time.sleep(1000)"],
            Egress = EgressPolicy.Internet,
            ScratchDirectory = Path.Combine(scratch, $"{isolation}"),
        };
        await using SandboxProcess sandboxed = host.Launch(Worker(Isolation.Bubblewrap));
        await using SandboxProcess process = host.Launch(Worker(Isolation.Process));

        if (host.Capabilities.GvisorMissing is not null)
        {
            using Socket nothing = await ConnectAsync(port);
            await Task.WhenAll(sandboxed.Exited, process.Exited);
        }

        string[] spin = [SandboxFixture.Python, "-c", "print(flush=True)\nwhile True: pass"];
        await using SandboxProcess gvisor = host.Launch(Worker(Isolation.Gvisor) with { Command = spin, Egress = EgressPolicy.None });
        await using PreparedSandbox prepared = await host.Gvisor.PrepareAsync(
            Worker(Isolation.Gvisor) with { InstanceId = "prepared", Command = spin, Egress = EgressPolicy.None, ScratchDirectory = Path.Combine(scratch, "prepared") }, TestContext.Current.CancellationToken);
        await SandboxFixture.ReadLineAsync(gvisor);
        using Socket ready = await ConnectAsync(port);
        await Task.WhenAll(sandboxed.Exited, process.Exited, gvisor.Exited);
    }

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        return socket;
    }
}
