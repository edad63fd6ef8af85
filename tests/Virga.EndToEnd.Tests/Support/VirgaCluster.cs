using Virga.Testing;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Three nodes, each a process of its own, and the PostgreSQL that they share.</summary>
public class VirgaCluster : IAsyncLifetime
{
    /// <summary>The database.</summary>
    public PostgresServer Postgres { get; private set; } = null!;

    /// <summary>Its URL.</summary>
    public string Url { get; private set; } = "";

    /// <summary>The nodes.</summary>
    public IReadOnlyList<ClusterMemberNode> Nodes { get; private set; } = [];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Postgres = await PostgresServer.StartAsync();
        Url = Postgres.UrlOf(await Postgres.CreateDatabaseAsync());
        var rabbitMq = await StartRabbitMqAsync();
        Nodes = [.. new[] { "one", "two", "three" }.Select(name => new ClusterMemberNode(name, Url, rabbitMq))];
        await Task.WhenAll(Nodes.Select(node => node.StartAsync()));
        await SeeEachOtherAsync(3);
    }

    /// <summary>Waits until every node, or every one of some, sees so many.</summary>
    public async Task SeeEachOtherAsync(int count, IReadOnlyList<ClusterMemberNode>? who = null)
    {
        foreach (var node in who ?? Nodes)
        {
            await Eventually.ReadAsync(() => AliveAsync(node), alive => alive == count);
        }
    }

    /// <summary>Deploys a function on one node and waits until all know it.</summary>
    public async Task DeployAsync(string name, Source source)
    {
        await Nodes[0].DeployAsync(name, source);
        foreach (var node in Nodes)
        {
            await Eventually.ReadAsync(() => node.GetAsync($"/f/{name}"), answer => answer.Status == 200);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
        await StopRabbitMqAsync();
        await Postgres.DisposeAsync();
    }

    /// <summary>Starts what keeps the messages of topics and gives its URL; null for a cluster without topics.</summary>
    protected virtual Task<string?> StartRabbitMqAsync() => Task.FromResult<string?>(null);

    /// <summary>Stops it.</summary>
    protected virtual ValueTask StopRabbitMqAsync() => ValueTask.CompletedTask;

    private static async Task<int> AliveAsync(ClusterMemberNode node)
    {
        using var response = await node.Http.GetAsync(new Uri(node.Admin, "/readyz"), TestContext.Current.CancellationToken);
        return (await Answer.ReadAsync(response)).Json["cluster"]!["alive"]!.AsArray().Count;
    }
}
