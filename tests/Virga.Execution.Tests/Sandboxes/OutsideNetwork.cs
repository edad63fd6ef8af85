using System.Diagnostics;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>
/// Another machine, as far as this one can tell: a network namespace behind a pair of interfaces, with a server on every
/// address. What it serves never leaves the machine. Needs root.
/// </summary>
internal sealed class OutsideNetwork : IAsyncDisposable
{
    internal const int Port = 7080;
    internal const string Address = "198.51.100.2";
    internal const string MachinesAddress = "198.51.100.1";
    internal const string PrivateAddress = "10.231.7.2";
    internal const string MetadataAddress = "169.254.169.254";
    internal const string ResolvedAddress = "198.51.100.77";

    private const string Namespace = "virga-outside";
    private const string Interface = "virga-outside0";

    // Says "outside" to whoever connects, and answers every question for a name with one address.
    private const string Server =
        """
        import socket, threading
        s = socket.create_server(("0.0.0.0", 7080))
        def serve():
            while True:
                c, _ = s.accept(); c.sendall(b"outside\n"); c.close()
        dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); dns.bind(("198.51.100.2", 53))
        threading.Thread(target=serve, daemon=True).start()
        print("serves", flush=True)
        while True:
            q, who = dns.recvfrom(512)
            asks_a = q[-3] == 1 and q[-4] == 0 or b"\0\0\1\0\1" in q
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton("198.51.100.77") if asks_a else b""
            end = q.index(b"\0", 12) + 5
            dns.sendto(q[:2] + b"\x81\x80\0\1" + (b"\0\1" if answer else b"\0\0") + b"\0\0\0\0" + q[12:end] + answer, who)
        """;

    private readonly Process _server;

    private OutsideNetwork(Process server) => _server = server;

    internal static string? Missing => Environment.IsPrivilegedProcess ? null : "needs root to make a network";

    internal static async Task<OutsideNetwork> StartAsync()
    {
        await RemoveAsync();
        await IpAsync("netns", "add", Namespace);
        await IpAsync("link", "add", Interface, "type", "veth", "peer", "name", "outside", "netns", Namespace);
        await IpAsync("address", "add", $"{MachinesAddress}/24", "dev", Interface);
        await IpAsync("link", "set", Interface, "up");
        await IpAsync("-n", Namespace, "link", "set", "outside", "up");
        await IpAsync("-n", Namespace, "address", "add", $"{Address}/24", "dev", "outside");
        foreach (string other in new[] { PrivateAddress, MetadataAddress })
        {
            await IpAsync("-n", Namespace, "address", "add", $"{other}/32", "dev", "outside");
            await IpAsync("route", "add", $"{other}/32", "via", Address);
        }

        Process server = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", Namespace, SandboxFixture.Python, "-c", Server]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        (await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldBe("serves");
        return new OutsideNetwork(server);
    }

    public async ValueTask DisposeAsync()
    {
        _server.Kill();
        await _server.WaitForExitAsync(CancellationToken.None);
        _server.Dispose();
        await RemoveAsync();
    }

    private static async Task RemoveAsync()
    {
        _ = await RunAsync("link", "delete", Interface);
        _ = await RunAsync("netns", "delete", Namespace);
    }

    private static async Task IpAsync(params string[] arguments) => (await RunAsync(arguments)).ShouldBe(string.Empty);

    private static async Task<string> RunAsync(params string[] arguments)
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        string errors = await ip.StandardError.ReadToEndAsync(CancellationToken.None);
        await ip.WaitForExitAsync(CancellationToken.None);
        return errors;
    }
}
