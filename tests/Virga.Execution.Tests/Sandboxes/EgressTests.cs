using System.Net;
using System.Net.Sockets;
using Virga.Core.Resources;
using Virga.Execution.Processes;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>Functions with the egress <c>internet</c>: the outside and nothing of the machine.</summary>
public sealed class EgressTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>, IAsyncLifetime
{
    private const string Reached = "outside";

    // Prints what a server says, or why there is no connection to it.
    private const string Connect =
        """
        import socket, sys, errno
        def connect(address, port):
            try:
                with socket.create_connection((address, port), timeout=10) as s:
                    return s.recv(100).decode().strip() or "connected"
            except OSError as e:
                return errno.errorcode.get(e.errno, str(e))
        input()
        """;

    private OutsideNetwork? _outside;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OutsideNetwork.Missing is not null, OutsideNetwork.Missing ?? string.Empty);
        Assert.SkipWhen(sandboxes.Host.Capabilities.InternetMissing is not null, sandboxes.Host.Capabilities.InternetMissing ?? string.Empty);
        _outside = await OutsideNetwork.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_outside is not null)
        {
            await _outside.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_outside_is_reached()
    {
        (await AnswerAsync(sandboxes.Host, Connecting(OutsideNetwork.Address, OutsideNetwork.Port))).ShouldBe(Reached);
    }

    [Fact]
    public async Task Nothing_that_listens_on_the_machine_is_reached()
    {
        using var everywhere = new TcpListener(IPAddress.Any, 0);
        everywhere.Start();
        int port = ((IPEndPoint)everywhere.LocalEndpoint).Port;

        // Its loopback, its own addresses, and those of the network in between, which other set-ups map to the machine.
        string[] addresses = ["127.0.0.1", "127.0.0.53", "0.0.0.0", OutsideNetwork.MachinesAddress, "198.18.0.2", "198.18.0.3", "198.18.0.1"];
        foreach (string address in addresses)
        {
            string answer = await AnswerAsync(sandboxes.Host, Connecting(address, port));

            answer.ShouldNotBe("connected", address);
            answer.ShouldNotBe(string.Empty, address);
        }

        everywhere.Pending().ShouldBeFalse();
    }

    [Theory]
    [InlineData(OutsideNetwork.MetadataAddress)]
    [InlineData(OutsideNetwork.PrivateAddress)]
    public async Task Metadata_and_private_networks_are_unreachable(string address)
    {
        using (Socket machine = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await machine.ConnectAsync(IPAddress.Parse(address), OutsideNetwork.Port, TestContext.Current.CancellationToken);
        }

        (await AnswerAsync(sandboxes.Host, Connecting(address, OutsideNetwork.Port))).ShouldBe("EHOSTUNREACH");
    }

    [Fact]
    public async Task Private_networks_can_be_allowed_and_metadata_cannot()
    {
        using SandboxHost host = await HostAsync("private", new EgressRules { AllowsPrivate = true });

        (await AnswerAsync(host, Connecting(OutsideNetwork.PrivateAddress, OutsideNetwork.Port))).ShouldBe(Reached);
        (await AnswerAsync(host, Connecting(OutsideNetwork.MetadataAddress, OutsideNetwork.Port))).ShouldBe("EHOSTUNREACH");
    }

    [Fact]
    public async Task Names_are_resolved()
    {
        using SandboxHost host = await HostAsync("names", new EgressRules { Resolvers = [IPAddress.Parse(OutsideNetwork.Address)] });

        (await AnswerAsync(host, sandboxes.PythonSpec("import socket; input(); print(socket.gethostbyname('service.example'))"))).ShouldBe(OutsideNetwork.ResolvedAddress);
    }

    [Fact]
    public async Task A_worker_can_change_neither_routes_nor_interfaces()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/ip") || File.Exists("/sbin/ip"), "needs ip inside");

        string answers = await AnswerAsync(sandboxes.Host, sandboxes.ShellSpec("read -r go; for c in 'route delete unreachable 169.254.0.0/16' 'link set eth0 down'; do /sbin/ip $c 2>&1; done | tr '\\n' ' '; echo"));

        answers.ShouldBe("RTNETLINK answers: Operation not permitted RTNETLINK answers: Operation not permitted ");
    }

    [Fact]
    public async Task Sandboxes_do_not_share_a_network()
    {
        await using SandboxProcess first = sandboxes.Host.Launch(sandboxes.PythonSpec("import socket; s = socket.create_server(('0.0.0.0', 7099)); print(flush=True); input()"));
        await SandboxFixture.ReadLineAsync(first);

        (await AnswerAsync(sandboxes.Host, Connecting("198.18.0.100", 7099))).ShouldBe("ECONNREFUSED");
    }

    [Fact]
    public async Task The_network_is_in_the_group_of_its_instance_and_ends_with_it()
    {
        SandboxSpec spec = Connecting(OutsideNetwork.Address, OutsideNetwork.Port);
        await using SandboxProcess sandbox = sandboxes.Host.Launch(spec);
        await sandbox.NetworkReady;
        IReadOnlyList<int> helpers = Machine.ProcessesMentioning("virga-network");
        string group = Machine.CgroupsOf(sandboxes.NodeId).First(path => Path.GetFileName(path) == spec.InstanceId);
        Machine.ProcessesIn(group).Intersect(helpers).ShouldNotBeEmpty();
        Machine.ProcessesIn(group).Intersect(Machine.ProcessesMentioning("slirp4netns")).ShouldNotBeEmpty();
        List<int> all = [.. Machine.ProcessesIn(group)];

        await sandbox.DisposeAsync();

        all.Where(Machine.Runs).ShouldBeEmpty();
        Directory.Exists(group).ShouldBeFalse();
    }

    [Fact]
    public async Task A_sandbox_that_loses_its_network_ends()
    {
        SandboxSpec spec = Connecting(OutsideNetwork.Address, OutsideNetwork.Port);
        await using SandboxProcess sandbox = sandboxes.Host.Launch(spec);
        await sandbox.NetworkReady;
        string group = Machine.CgroupsOf(sandboxes.NodeId).First(path => Path.GetFileName(path) == spec.InstanceId);
        int translator = Machine.ProcessesIn(group).Intersect(Machine.ProcessesMentioning("slirp4netns")).First();

        _ = Libc.Kill(translator, Libc.SignalKill);

        (await sandbox.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(9);
    }

    private SandboxSpec Connecting(string address, int port) =>
        sandboxes.PythonSpec($"{Connect}\nprint(connect('{address}', {port}))") with { Egress = EgressPolicy.Internet };

    private static async Task<string> AnswerAsync(SandboxHost host, SandboxSpec spec)
    {
        await using SandboxProcess sandbox = host.Launch(spec with { Egress = EgressPolicy.Internet });
        await sandbox.NetworkReady.WaitAsync(TestContext.Current.CancellationToken);
        await SandboxFixture.SayAsync(sandbox, "go");
        string answer = await SandboxFixture.ReadLineAsync(sandbox);
        return answer.Length > 0 ? answer : await SandboxFixture.ReadAllAsync(sandbox.ErrorOutput);
    }

    private Task<SandboxHost> HostAsync(string name, EgressRules rules) => SandboxHost.StartAsync(
        sandboxes.Options with { NodeId = $"{sandboxes.NodeId}-{name}", ScratchRoot = Path.Combine(sandboxes.DataFolder, "scratch-" + name), Egress = rules },
        TimeProvider.System,
        TestContext.Current.CancellationToken);
}
