using Npgsql;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Testing;

namespace Virga.Control.Tests;

public sealed class PostgresMetadataStoreTests(PostgresMetadataStoreTests.Fixture postgres) : MetadataStoreContract, IClassFixture<PostgresMetadataStoreTests.Fixture>, IAsyncDisposable
{
    private readonly List<NpgsqlDataSource> _sources = [];

    [Fact]
    public async Task Two_nodes_share_one_store()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        await PutAsync(one, "a");
        (await other.FindAsync(Key("a"), Cancellation)).ShouldNotBeNull().Version.ShouldBe(1);
        (await PutAsync(other, "a")).Version.ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_follows_the_changes_of_many_nodes_misses_none()
    {
        // Were numbers given out before commits took their turn, a reader could go past one that becomes visible later.
        var database = await postgres.Server.CreateDatabaseAsync();
        var stores = new List<PostgresMetadataStore>();
        for (var i = 0; i < 4; i++)
        {
            stores.Add(await OpenAsync(database));
        }

        const int Each = 40;
        var writers = Task.WhenAll(stores.Select((store, node) => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                await PutAsync(store, $"f{node}-{i}");
            }
        }, Cancellation)));
        var seen = new List<long>();
        while (true)
        {
            var isLast = writers.IsCompleted;
            var changes = await stores[0].ReadChangesAsync(seen.Count == 0 ? 0 : seen[^1], 1000, Cancellation);
            seen.AddRange(changes.Select(change => change.Sequence));
            if (isLast)
            {
                break;
            }
        }

        await writers;
        seen.Count.ShouldBe(stores.Count * Each);
        seen.ShouldBeInOrder();
    }

    [Fact]
    public async Task The_turn_keeps_other_nodes_out()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        var turn = await one.EnterAsync(Cancellation);
        var waiting = other.EnterAsync(Cancellation).AsTask();
        await PutAsync(one, "a");
        waiting.IsCompleted.ShouldBeFalse();
        turn.Dispose();
        (await waiting.WaitAsync(TimeSpan.FromSeconds(10), Cancellation)).Dispose();
    }

    [Fact]
    public async Task A_database_that_restarted_is_used_again_and_one_that_is_away_is_a_clear_problem()
    {
        await using var server = await PostgresServer.StartAsync("fsync=off", "full_page_writes=off");
        await using var store = await OpenAsync(await server.CreateDatabaseAsync());
        await PutAsync(store, "a");

        await server.CrashAsync();
        (await Should.ThrowAsync<ProblemException>(async () => await store.FindAsync(Key("a"), Cancellation))).Problem.Slug.ShouldBe("cluster-unavailable");
        (await Should.ThrowAsync<ProblemException>(() => PutAsync(store, "b"))).Problem.Slug.ShouldBe("cluster-unavailable");

        await server.ResumeAsync();
        (await store.FindAsync(Key("a"), Cancellation)).ShouldNotBeNull();
        (await store.ListAsync(ResourceKind.Function, Scope.Default, null, 10, Cancellation)).ShouldHaveSingleItem();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }
    }

    private protected override async ValueTask<IMetadataStore> OpenAsync(int keptChanges = 1000) => await OpenAsync(await postgres.Server.CreateDatabaseAsync(), keptChanges);

    private async Task<PostgresMetadataStore> OpenAsync(string database, int keptChanges = 1000)
    {
        var source = NpgsqlDataSource.Create(database);
        _sources.Add(source);
        var store = new PostgresMetadataStore(source, keptChanges);
        await store.OpenAsync(Cancellation);
        return store;
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public PostgresServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync("fsync=off", "full_page_writes=off");

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
