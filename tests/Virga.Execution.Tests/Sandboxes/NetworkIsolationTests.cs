using System.Net;
using System.Net.Sockets;
using Virga.Core.Resources;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class NetworkIsolationTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    private static string ConnectTo(int port) => $"import socket; s = socket.socket(); print(s.connect_ex(('127.0.0.1', {port})))";

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Without_egress_there_is_only_a_loopback_of_its_own(Isolation isolation)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        string interfaces = await sandboxes.PrintedAsync(sandboxes.PythonSpec("import socket; print([n for _, n in socket.if_nameindex()])") with { Isolation = isolation });
        string connected = await sandboxes.PrintedAsync(sandboxes.PythonSpec(ConnectTo(port)) with { Isolation = isolation });

        interfaces.ShouldBe("['lo']\n");
        connected.ShouldBe("111\n", "ECONNREFUSED: nobody listens on the sandbox's own loopback");
    }
}
