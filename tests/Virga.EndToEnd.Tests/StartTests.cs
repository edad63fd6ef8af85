using System.Net;
using System.Net.Sockets;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>Nodes that cannot start: each says why in one line that names what to do, and ends with the documented exit code.</summary>
public sealed class StartTests : IDisposable
{
    private const int Refused = 1;
    private const int Usage = 2;
    private const int Unreachable = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--gateway", "--admin", "--pulsar")]
    [InlineData("--admin", "--gateway", "--pulsar")]
    [InlineData("--pulsar", "--gateway", "--admin")]
    public async Task A_port_in_use_is_named(string taken, string free, string other)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var address = holder.LocalEndpoint.ToString()!;

        var result = await UpAsync(taken, address, free, "127.0.0.1:0", other, "127.0.0.1:0");

        result.Code.ShouldBe(Refused, result.Error);
        var line = result.Error.Split('\n').Where(l => l.StartsWith("error:", StringComparison.Ordinal)).ShouldHaveSingleItem(result.Error);
        line.ShouldContain(address.Split(':')[1]);
        line.ShouldContain(taken);
    }

    [Fact]
    public async Task A_data_folder_of_a_running_node_is_refused_with_that_nodes_pid()
    {
        await using var node = new VirgaNode();
        await node.InitializeAsync();

        var second = await VirgaProgram.RunAsync(_folder.Path, null, "up", "--data", node.Data, "--gateway", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pulsar", "127.0.0.1:0");

        second.ShouldFail(Refused, "data-folder-in-use").ShouldContain(node.Data);
        (await node.GetAsync("/nothing")).ShouldBeProblem(404, "no-route");
    }

    [Fact]
    public async Task A_corrupted_metadata_file_stops_the_start_and_stays_as_it_is()
    {
        var node = new VirgaNode();
        await using var running = node;
        await node.InitializeAsync();
        await node.StopAsync();
        var metadata = Directory.EnumerateFiles(node.Data, "*.db").ShouldHaveSingleItem();
        await File.WriteAllTextAsync(metadata, "this was a database once", TestContext.Current.CancellationToken);

        var result = await VirgaProgram.RunAsync(_folder.Path, null, "up", "--data", node.Data, "--gateway", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pulsar", "127.0.0.1:0");

        var line = result.ShouldFail(Refused, "metadata-corrupted");
        line.ShouldContain(metadata);
        line.ShouldContain("backup");
        (await File.ReadAllTextAsync(metadata, TestContext.Current.CancellationToken)).ShouldBe("this was a database once");
    }

    [Fact]
    public async Task A_mistake_in_the_configuration_is_named_with_its_place()
    {
        (await UpAsync("--max-body", "plenty")).ShouldFail(Usage, "usage").ShouldContain("--max-body");
        _folder.Write("node.yaml", "gateway:\n  lisen: 127.0.0.1:0\n");
        (await UpAsync("--config", "node.yaml")).ShouldFail(Usage, "usage").ShouldContain("node.yaml:2");
    }

    [Fact]
    public async Task A_command_without_a_node_says_so()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var address = holder.LocalEndpoint.ToString();
        holder.Stop();

        (await VirgaProgram.RunAsync(_folder.Path, new Uri($"http://{address}"), "fn", "list")).ShouldFail(Unreachable, "node-unreachable").ShouldContain("virga up");
    }

    private Task<CommandResult> UpAsync(params string[] options) => VirgaProgram.RunAsync(_folder.Path, null, ["up", "--data", "data", .. options]);
}
