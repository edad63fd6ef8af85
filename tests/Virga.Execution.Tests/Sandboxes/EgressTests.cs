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

    // For each line, prints what a server says, or why there is no connection to it.
    private const string Connector =
        """
        import errno, socket, sys
        for line in sys.stdin:
            address, port, interface = line.rstrip("\n").split(" ")
            try:
                with socket.socket() as s:
                    s.settimeout(10)
                    if interface:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
                    s.connect((address, int(port)))
                    answer = s.recv(100).decode().strip() or "connected"
            except OSError as e:
                answer = errno.errorcode.get(e.errno, str(e))
            print(answer, flush=True)
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

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task The_outside_is_reached(Isolation isolation)
    {
        await using SandboxProcess sandbox = await StartAsync(isolation, Connector);

        (await ConnectAsync(sandbox, OutsideNetwork.Address, OutsideNetwork.Port)).ShouldBe(Reached);
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Nothing_that_listens_on_the_machine_is_reached(Isolation isolation)
    {
        using var everywhere = new TcpListener(IPAddress.Any, 0);
        everywhere.Start();
        int port = ((IPEndPoint)everywhere.LocalEndpoint).Port;
        await using SandboxProcess sandbox = await StartAsync(isolation, Connector);

        // Its loopback, its own addresses, and those of the network in between, which other set-ups map to the machine.
        string[] addresses = ["127.0.0.1", "127.0.0.53", "0.0.0.0", OutsideNetwork.MachinesAddress, "198.18.0.2", "198.18.0.3", "198.18.0.1"];
        foreach (string address in addresses)
        {
            (await ConnectAsync(sandbox, address, port)).ShouldStartWith("E", customMessage: address);
        }

        everywhere.Pending().ShouldBeFalse();
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Only_the_network_of_the_instance_is_seen(Isolation isolation)
    {
        (await AnswerAsync(isolation, "import socket; input(); print(*sorted(name for _, name in socket.if_nameindex()))")).ShouldBe("eth0 lo");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap, OutsideNetwork.MetadataAddress)]
    [InlineData(Isolation.Bubblewrap, OutsideNetwork.PrivateAddress)]
    [InlineData(Isolation.Gvisor, OutsideNetwork.MetadataAddress)]
    [InlineData(Isolation.Gvisor, OutsideNetwork.PrivateAddress)]
    public async Task Metadata_and_private_networks_are_unreachable(Isolation isolation, string address)
    {
        using (Socket machine = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await machine.ConnectAsync(IPAddress.Parse(address), OutsideNetwork.Port, TestContext.Current.CancellationToken);
        }

        await using SandboxProcess sandbox = await StartAsync(isolation, Connector);

        (await ConnectAsync(sandbox, address, OutsideNetwork.Port)).ShouldBe("EHOSTUNREACH");

        // A socket that names its interface is routed on it whatever the routes say: nobody there answers for the address.
        (await ConnectAsync(sandbox, address, OutsideNetwork.Port, "eth0")).ShouldBe("EHOSTUNREACH");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Private_networks_can_be_allowed_and_metadata_cannot(Isolation isolation)
    {
        using SandboxHost host = await HostAsync("private", new EgressRules { AllowsPrivate = true });
        await using SandboxProcess sandbox = await StartAsync(isolation, Connector, host);

        (await ConnectAsync(sandbox, OutsideNetwork.PrivateAddress, OutsideNetwork.Port)).ShouldBe(Reached);
        (await ConnectAsync(sandbox, OutsideNetwork.MetadataAddress, OutsideNetwork.Port)).ShouldBe("EHOSTUNREACH");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Names_are_resolved(Isolation isolation)
    {
        using SandboxHost host = await HostAsync("names", new EgressRules { Resolvers = [IPAddress.Parse(OutsideNetwork.Address)] });

        (await AnswerAsync(isolation, "import socket; input(); print(socket.gethostbyname('service.example'))", host)).ShouldBe(OutsideNetwork.ResolvedAddress);
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_worker_can_change_neither_routes_nor_interfaces(Isolation isolation)
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/ip"), "needs ip inside");
        const string Changes =
            """
            import subprocess
            input()
            for change in "route delete unreachable 169.254.0.0/16", "link set eth0 down":
                print(subprocess.run(["/usr/sbin/ip", *change.split()], stderr=subprocess.DEVNULL).returncode, end=" ")
            print()
            """;

        // What ip ends with when it was the kernel that refused.
        (await AnswerAsync(isolation, Changes)).ShouldBe("2 2 ");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_worker_can_send_no_packets_of_its_own_making(Isolation isolation)
    {
        const string Raw =
            """
            import socket
            input()
            for kind in (socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_INET, socket.SOCK_RAW, 255), (socket.AF_INET, socket.SOCK_DGRAM, 1), (socket.AF_PACKET, socket.SOCK_RAW, 0x300):
                try:
                    print(socket.socket(*kind), end=" ")
                except OSError:
                    print("refused", end=" ")
            print()
            """;

        (await AnswerAsync(isolation, Raw)).ShouldBe("refused refused refused refused ");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task Sandboxes_do_not_share_a_network(Isolation isolation)
    {
        await using SandboxProcess first = await StartAsync(isolation, "import socket; s = socket.create_server(('0.0.0.0', 7099)); print(flush=True); input()");
        await SandboxFixture.ReadLineAsync(first);
        await using SandboxProcess second = await StartAsync(isolation, Connector);

        (await ConnectAsync(second, "198.18.0.100", 7099)).ShouldBe("ECONNREFUSED");
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task The_network_is_in_the_group_of_its_instance_and_ends_with_it(Isolation isolation)
    {
        await using SandboxProcess sandbox = await StartAsync(isolation, Connector);
        (await ConnectAsync(sandbox, OutsideNetwork.Address, OutsideNetwork.Port)).ShouldBe(Reached);
        IReadOnlyList<int> helpers = Machine.ProcessesMentioning("virga-network");
        string group = GroupOf(sandbox);
        Machine.ProcessesIn(group).Intersect(helpers).ShouldNotBeEmpty();
        Machine.ProcessesIn(group).Intersect(Machine.ProcessesMentioning("slirp4netns")).ShouldNotBeEmpty();
        List<int> all = [.. Machine.ProcessesIn(group)];

        await sandbox.DisposeAsync();

        all.Where(Machine.Runs).ShouldBeEmpty();
        Directory.Exists(group).ShouldBeFalse();
    }

    [Theory]
    [InlineData(Isolation.Bubblewrap)]
    [InlineData(Isolation.Gvisor)]
    public async Task A_sandbox_that_loses_its_network_ends(Isolation isolation)
    {
        await using SandboxProcess sandbox = await StartAsync(isolation, Connector);
        int translator = Machine.ProcessesIn(GroupOf(sandbox)).Intersect(Machine.ProcessesMentioning("slirp4netns")).First();

        _ = Libc.Kill(translator, Libc.SignalKill);

        (await sandbox.Exited.WaitAsync(TestContext.Current.CancellationToken)).Signal.ShouldBe(9);
    }

    [Fact]
    public async Task With_a_network_too_gvisor_is_in_a_user_namespace_of_its_own()
    {
        await using SandboxProcess sandbox = await StartAsync(Isolation.Gvisor, Connector);
        (await ConnectAsync(sandbox, OutsideNetwork.Address, OutsideNetwork.Port)).ShouldBe(Reached);

        GvisorProcesses processes = GvisorProcesses.Read(new GvisorFiles(sandbox.Spec.ScratchDirectory)).ShouldNotBeNull();

        string machine = Machine.NamespaceOf(Environment.ProcessId, "user");
        Machine.NamespaceOf(processes.Kernel, "user").ShouldNotBe(machine);
        Machine.NamespaceOf(processes.FileServer, "user").ShouldNotBe(machine);
    }

    private string GroupOf(SandboxProcess sandbox) =>
        Machine.CgroupsOf(sandboxes.NodeId).First(path => Path.GetFileName(path) == sandbox.Spec.InstanceId);

    /// <summary>A sandbox that is connected to the outside.</summary>
    private async Task<SandboxProcess> StartAsync(Isolation isolation, string program, SandboxHost? host = null)
    {
        sandboxes.SkipUnlessAvailable(isolation);
        SandboxProcess sandbox = (host ?? sandboxes.Host).Launch(sandboxes.PythonSpec($"{SandboxFixture.WaitForInput}\n{program}") with { Isolation = isolation, Egress = EgressPolicy.Internet });
        await sandbox.NetworkReady.WaitAsync(TestContext.Current.CancellationToken);
        return sandbox;
    }

    /// <summary>What a <see cref="Connector"/> finds at an address.</summary>
    private static async Task<string> ConnectAsync(SandboxProcess connector, string address, int port, string boundTo = "")
    {
        await SandboxFixture.SayAsync(connector, $"{address} {port} {boundTo}");
        return await ReadAnswerAsync(connector);
    }

    /// <summary>What a program prints that waits for a line first.</summary>
    private async Task<string> AnswerAsync(Isolation isolation, string program, SandboxHost? host = null)
    {
        await using SandboxProcess sandbox = await StartAsync(isolation, program, host);
        await SandboxFixture.SayAsync(sandbox, "go");
        return await ReadAnswerAsync(sandbox);
    }

    private static async Task<string> ReadAnswerAsync(SandboxProcess sandbox)
    {
        string answer = await SandboxFixture.ReadLineAsync(sandbox);
        return answer.Length > 0 ? answer : await SandboxFixture.ReadAllAsync(sandbox.ErrorOutput);
    }

    private Task<SandboxHost> HostAsync(string name, EgressRules rules) => SandboxHost.StartAsync(
        sandboxes.Options with { NodeId = $"{sandboxes.NodeId}-{name}", ScratchRoot = Path.Combine(sandboxes.DataFolder, "scratch-" + name), Egress = rules },
        TimeProvider.System,
        TestContext.Current.CancellationToken);
}
