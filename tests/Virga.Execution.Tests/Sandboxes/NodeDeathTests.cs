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
        // The last worker to start connects. None reads or ends by itself.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        SandboxOptions options = sandboxes.Options with { NodeId = sandboxes.NodeId + "-dies", ScratchRoot = Path.Combine(sandboxes.DataFolder, "dies") };
        using Process node = NodeThatIsKilled.Start(options, ((IPEndPoint)listener.LocalEndpoint).Port);
        using Socket worker = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        List<Process> processes = [.. Machine.CgroupsOf(options.NodeId).SelectMany(Machine.ProcessesIn).Distinct().Select(Process.GetProcessById)];

        node.Kill();
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);

        (await worker.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken)).ShouldBe(0);
        foreach (Process process in processes)
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            process.Dispose();
        }

        using SandboxHost next = await SandboxHost.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        Machine.CgroupsOf(options.NodeId).ShouldBeEmpty();
        Machine.ProcessesMentioning(options.ScratchRoot).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(options.ScratchRoot).ShouldBeEmpty();
    }
}
