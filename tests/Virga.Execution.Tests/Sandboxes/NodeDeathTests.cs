using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class NodeDeathTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task After_kill_9_of_the_node_no_worker_is_left_and_its_next_start_sweeps()
    {
        // Each worker (gVisor's have no network: the node in their place) connects and then neither reads nor ends by itself: its
        // connection breaks when it is killed.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        SandboxOptions options = sandboxes.Options with { NodeId = sandboxes.NodeId + "-dies", ScratchRoot = Path.Combine(sandboxes.DataFolder, "dies") };
        using Process node = NodeThatIsKilled.Start(options, ((IPEndPoint)listener.LocalEndpoint).Port);
        using Socket first = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        using Socket second = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        using Socket third = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);

        node.Kill();
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);

        (await first.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken)).ShouldBe(0);
        (await second.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken)).ShouldBe(0);
        (await third.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken)).ShouldBe(0);
        using SandboxHost next = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        Machine.CgroupsOf(options.NodeId).ShouldBeEmpty();
        Machine.ProcessesMentioning(options.ScratchRoot).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(options.ScratchRoot).ShouldBeEmpty();
    }
}
