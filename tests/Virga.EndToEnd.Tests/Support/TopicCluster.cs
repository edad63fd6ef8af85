using System.Text.Json.Nodes;
using Virga.Testing;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>A cluster whose nodes share a RabbitMQ as well, and so have topics.</summary>
public sealed class TopicCluster : VirgaCluster
{
    /// <summary>What keeps the messages.</summary>
    public RabbitMqServer RabbitMq { get; private set; } = null!;

    /// <summary>The node of a name.</summary>
    public ClusterMemberNode Node(string name) => Nodes.Single(node => node.Name == name);

    /// <summary>Makes a topic on the first node, unless there is one.</summary>
    public async Task CreateAsync(string topic, int partitions = 0) =>
        (await Nodes[0].ControlAsync(HttpMethod.Put, $"topics/{topic}", new JsonObject { ["partitions"] = partitions })).Status.ShouldBe(201);

    /// <summary>Makes topics until one belongs to a node, and gives its name.</summary>
    public async Task<string> CreateOwnedByAsync(string prefix, ClusterMemberNode owner)
    {
        for (var n = 0; ; n++)
        {
            await CreateAsync($"{prefix}-{n}");
            if ((await OwnersAsync(Nodes[0], $"{prefix}-{n}")).Single() == owner.Name)
            {
                return $"{prefix}-{n}";
            }
        }
    }

    /// <summary>The nodes that own a topic's partitions in their order, or the topic, as one of them sees it.</summary>
    public static async Task<IReadOnlyList<string>> OwnersAsync(VirgaNode node, string topic)
    {
        var answer = await node.ControlAsync($"topics/{topic}");
        answer.Status.ShouldBe(200, answer.Body);
        return [.. answer.Json["owners"]!.AsArray().Select(static owner => owner!["node"]!.ToString())];
    }

    /// <inheritdoc/>
    protected override async Task<string?> StartRabbitMqAsync()
    {
        RabbitMq = await RabbitMqServer.StartAsync();
        return RabbitMq.Url;
    }

    /// <inheritdoc/>
    protected override async ValueTask StopRabbitMqAsync() => await RabbitMq.DisposeAsync();
}
