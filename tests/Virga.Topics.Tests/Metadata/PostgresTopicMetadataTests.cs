using Virga.Core.Problems;
using Virga.Testing;
using Virga.Topics.Metadata;
using Virga.Topics.Metadata.Postgres;

namespace Virga.Topics.Tests.Metadata;

public sealed class PostgresTopicMetadataTests(PostgresFixture postgres) : TopicMetadataContract, IClassFixture<PostgresFixture>
{
    private string? _database;

    private PostgresServer Server => postgres.Server;

    [Fact]
    public async Task Nodes_that_write_the_same_keys_at_once_come_to_one_order()
    {
        const int nodes = 3;
        const int rounds = 40;
        var won = new int[nodes];
        await Task.WhenAll(Enumerable.Range(0, nodes).Select(async node =>
        {
            await using var metadata = await OpenAsync();
            var random = new Random(node);
            for (var round = 0; round < rounds; round++)
            {
                // Keys in any order, some made, some deleted: what two nodes could block each other with.
                string[] keys = ["a", "b", "c", "d"];
                random.Shuffle(keys);
                await metadata.WriteAsync([Put(keys[0], "x"), new MetadataWrite(keys[1], null, null), Put(keys[2], "x")], Cancellation);
                try
                {
                    await metadata.WriteAsync([Put($"round-{round}", $"{node}", 0)], Cancellation);
                    won[node]++;
                }
                catch (MetadataConflictException)
                {
                    (await metadata.GetAsync($"round-{round}", Cancellation)).ShouldNotBeNull();
                }
            }
        }));

        won.Sum().ShouldBe(rounds);
        (await ListAsync("round-")).Count.ShouldBe(rounds);
    }

    [Fact]
    public async Task Numbers_of_ledgers_grow_whichever_node_gives_them()
    {
        await using var other = await OpenAsync();
        var last = -1L;
        for (var i = 0; i < 100; i++)
        {
            var number = (await (i % 3 == 0 ? other : Metadata).NextLedgerAsync(Cancellation)).Value;
            number.ShouldBeGreaterThan(last);
            last = number;
        }
    }

    [Fact]
    public async Task A_server_that_is_away_is_a_clear_problem_and_used_again_when_it_is_back()
    {
        await PutAsync("a", "one");
        await Server.CrashAsync();

        foreach (var attempt in new Func<Task>[] { () => ReadAsync("a"), () => PutAsync("a", "lost"), () => ListAsync("") })
        {
            var failure = await Should.ThrowAsync<ProblemException>(attempt);
            failure.Problem.Type.ShouldEndWith("topics-unavailable");
            failure.Problem.Detail!.ShouldContain("PostgreSQL at 127.0.0.1:");
        }

        await Server.ResumeAsync();
        (await PutAsync("a", "two", expected: 1)).ShouldBe(2);
        (await ReadAsync("a")).ShouldBe(("two", 2));
    }

    [Fact]
    public async Task A_restart_between_two_writes_is_not_noticed()
    {
        await PutAsync("a", "one");
        await ReadAsync("a");
        await Server.CrashAsync();
        await Server.ResumeAsync();

        (await PutAsync("a", "two", expected: 1)).ShouldBe(2);
        (await ReadAsync("a")).ShouldBe(("two", 2));
    }

    [Fact]
    public async Task Everything_acknowledged_is_there_after_the_server_crashed()
    {
        var acknowledged = new long[8];
        using var stop = new CancellationTokenSource();
        var heard = new SemaphoreSlim(0);
        var writers = Enumerable.Range(0, acknowledged.Length).Select(writer => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    acknowledged[writer] = await PutAsync($"key-{writer}", "x", acknowledged[writer]);
                    heard.Release();
                }
            },
            Cancellation)).ToArray();
        for (var i = 0; i < 200; i++)
        {
            await heard.WaitAsync(Cancellation);
        }

        await Server.CrashAsync();
        foreach (var writer in writers)
        {
            (await Should.ThrowAsync<ProblemException>(writer)).Problem.Type.ShouldEndWith("topics-unavailable");
        }

        await Server.ResumeAsync();
        for (var writer = 0; writer < acknowledged.Length; writer++)
        {
            var version = (await ReadAsync($"key-{writer}"))?.Version ?? 0;
            version.ShouldBeInRange(acknowledged[writer], acknowledged[writer] + 1);
        }

        heard.Dispose();
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_said_when_it_is_opened()
    {
        await using var metadata = new PostgresTopicMetadata("postgres://nobody@127.0.0.1:1/none");

        var failure = await Should.ThrowAsync<ProblemException>(async () => await metadata.OpenAsync(Cancellation));

        failure.Problem.Type.ShouldEndWith("topics-unavailable");
    }

    protected override async Task<ITopicMetadata> OpenAsync()
    {
        _database ??= await Server.CreateDatabaseAsync();
        var metadata = new PostgresTopicMetadata(_database);
        await metadata.OpenAsync(Cancellation);
        return metadata;
    }
}
