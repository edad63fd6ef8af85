using System.Net.Sockets;
using System.Security.Cryptography;
using Virga.Cluster.Link;
using Virga.Core.Nodes;

namespace Virga.Cluster.Tests.Link;

public sealed class HostilePeerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_does_not_know_the_secret_is_refused_whoever_dials()
    {
        await using var nodes = new LinkedNodes(options => options with { Patience = TimeSpan.FromMilliseconds(300) });
        nodes.Add("a", RandomNumberGenerator.GetBytes(32));
        nodes.Add("b");
        nodes.ShowAll();
        await Should.ThrowAsync<NodeUnreachableException>(() => nodes.EchoAsync("a", "b", [1]));
        await Should.ThrowAsync<NodeUnreachableException>(() => nodes.EchoAsync("b", "a", [1]));
    }

    [Fact]
    public async Task A_proof_of_one_side_is_none_of_the_other()
    {
        // An attacker who only mirrors what it gets must not pass as a node.
        await using var nodes = LinkedNodes.Start("b");
        using var client = new TcpClient();
        await client.ConnectAsync(nodes["b"].Address, Cancellation);
        var stream = client.GetStream();
        var hello = await HelloAsync(nodes, "a", "b");
        await stream.WriteAsync(hello, Cancellation);
        var answer = new byte[hello.Length];
        await stream.ReadExactlyAsync(answer, Cancellation);
        var proof = new byte[32];
        await stream.ReadExactlyAsync(proof, Cancellation);

        await stream.WriteAsync(proof, Cancellation);

        (await stream.ReadAsync(new byte[1], Cancellation)).ShouldBe(0);
    }

    [Fact]
    public async Task Garbage_instead_of_a_greeting_ends_the_connection()
    {
        await using var nodes = LinkedNodes.Start("b");
        var random = new Random(3);
        for (var length = 1; length < 200; length += 13)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(nodes["b"].Address, Cancellation);
            var garbage = new byte[length];
            random.NextBytes(garbage);
            await client.Client.SendAsync(garbage, Cancellation);
            await EndsAsync(client, isAllSaid: true);
        }

        nodes.Add("a");
        nodes.ShowAll();
        (await nodes.EchoAsync("a", "b", [1])).ShouldBe([1]);
    }

    [Fact]
    public async Task Who_says_nothing_is_disconnected_and_does_not_keep_others_out()
    {
        await using var nodes = new LinkedNodes(options => options with { HandshakeTimeout = TimeSpan.FromMilliseconds(300), MaxHandshakes = 4 });
        nodes.Add("b");
        var silent = new List<TcpClient>();
        for (var i = 0; i < 8; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(nodes["b"].Address, Cancellation);
            silent.Add(client);
        }

        foreach (var client in silent)
        {
            await EndsAsync(client);
            client.Dispose();
        }

        nodes.Add("a");
        nodes.ShowAll();
        (await nodes.EchoAsync("a", "b", [1])).ShouldBe([1]);
    }

    [Fact]
    public async Task A_half_open_connection_is_noticed()
    {
        await using var nodes = new LinkedNodes(options => options with { KeepAlive = TimeSpan.FromMilliseconds(50), Silence = TimeSpan.FromMilliseconds(400) });
        nodes.Add("b");
        using var dead = await JoinAsync(nodes, "a");
        nodes["b"].Apply(new ClusterView(1, [new ClusterMember(LinkedNodes.Name("a"), 77, "127.0.0.1:1", 0), nodes.MemberOf("b")]));

        // It is connected, and never answers.
        (await Should.ThrowAsync<NodeUnreachableException>(() => nodes.EchoAsync("b", "a", [1]))).Message.ShouldContain("nothing has come");
    }

    [Theory]
    [InlineData(new byte[] { 255, 255, 255, 255, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0 })] // four gigabytes
    [InlineData(new byte[] { 10, 0, 0, 0, 99, 0x20, 0, 0, 0, 0, 0, 0, 0, 0 })] // no such kind
    [InlineData(new byte[] { 3, 0, 0, 0, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0 })] // shorter than its prefix
    [InlineData(new byte[] { 11, 0, 0, 0, 0x82, 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 5 })] // a piece of nothing
    [InlineData(new byte[] { 14, 0, 0, 0, 0x42, 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 127 })] // a message of two gigabytes
    public async Task A_peer_that_breaks_the_protocol_is_disconnected(byte[] frame)
    {
        await using var nodes = LinkedNodes.Start("b");
        using var client = await JoinAsync(nodes, "a");
        await client.GetStream().WriteAsync(frame, Cancellation);
        await EndsAsync(client);

        nodes.Add("a");
        nodes.ShowAll();
        (await nodes.EchoAsync("b", "a", [1])).ShouldBe([1]);
    }

    [Fact]
    public async Task Random_bytes_after_the_greeting_never_harm_the_node()
    {
        await using var nodes = LinkedNodes.Start("b");
        const int Seed = 20261125;
        var random = new Random(Seed);
        for (var i = 0; i < 30; i++)
        {
            using var client = await JoinAsync(nodes, "a");
            var garbage = new byte[random.Next(1, 3000)];
            random.NextBytes(garbage);
            await client.Client.SendAsync(garbage, Cancellation);
            await EndsAsync(client, isAllSaid: true);
        }

        nodes.Add("a");
        nodes.ShowAll();
        (await nodes.EchoAsync("a", "b", [1])).ShouldBe([1], $"seed {Seed}");
    }

    // A node that knows the secret, up to the end of the handshake.
    private static async Task<TcpClient> JoinAsync(LinkedNodes nodes, string name)
    {
        var client = new TcpClient();
        await client.ConnectAsync(nodes["b"].Address, Cancellation);
        await LinkHandshake.DialAsync(client.GetStream(), LinkedNodes.Name(name), LinkedNodes.Name("b"), nodes.Secret, Cancellation);
        return client;
    }

    private static async Task<byte[]> HelloAsync(LinkedNodes nodes, string name, string wanted)
    {
        var output = new MemoryStream();
        await Should.ThrowAsync<Exception>(() => LinkHandshake.DialAsync(output, LinkedNodes.Name(name), LinkedNodes.Name(wanted), nodes.Secret, Cancellation));
        return output.ToArray();
    }

    private static async Task EndsAsync(TcpClient client, bool isAllSaid = false)
    {
        var rest = new byte[4096];
        try
        {
            if (isAllSaid)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            while (await client.Client.ReceiveAsync(rest, Cancellation).AsTask().WaitAsync(LinkedNodes.Patience, Cancellation) > 0)
            {
                // What the node said before it closed.
            }
        }
        catch (SocketException)
        {
            // Closed as well, with what was not read any more.
        }
    }
}
