using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Virga.Core.Resources;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>A node is a process of its own here, which a test kills.</summary>
public sealed class NodeDeathTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    private const string PortVariable = "VIRGA_TEST_PORT";

    [Fact]
    public async Task After_kill_9_of_the_node_no_worker_is_left()
    {
        // Each worker connects and then neither reads nor ends by itself: its connection breaks when it is killed.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var start = new ProcessStartInfo(
            Machine.DotnetProgram,
            [typeof(NodeDeathTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(NodeDeathTests).FullName}.{nameof(A_node_runs_until_it_is_killed)}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment[PortVariable] = $"{((IPEndPoint)listener.LocalEndpoint).Port}";
        using Process node = Process.Start(start)!;
        using Socket first = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        using Socket second = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);

        node.Kill();
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);

        (await first.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken)).ShouldBe(0);
        (await second.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken)).ShouldBe(0);
    }

    [Fact(Explicit = true)]
    public async Task A_node_runs_until_it_is_killed()
    {
        int port = int.Parse(Environment.GetEnvironmentVariable(PortVariable)!, CultureInfo.InvariantCulture);
        string program = $"import socket, time; s = socket.create_connection(('127.0.0.1', {port})); time.sleep(1000)";
        await using SandboxProcess sandboxed = sandboxes.Host.Launch(sandboxes.PythonSpec(program) with { Egress = true });
        await using SandboxProcess process = sandboxes.Host.Launch(sandboxes.PythonSpec(program) with { Isolation = Isolation.Process });

        await Task.WhenAll(sandboxed.Exited, process.Exited);
    }
}
