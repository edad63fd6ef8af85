using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Testing;

namespace Virga.Cluster.Tests.Membership;

public sealed class ClusterNodeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_see_each_other_and_talk_as_soon_as_they_have_joined()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var a = await OpenAsync(database, "a");
        await using var b = await OpenAsync(database, "b");
        b.Link.Handle(NodeTopic.DagStep, static (from, _, _) => ValueTask.FromResult<ReadOnlyMemory<byte>>(System.Text.Encoding.UTF8.GetBytes(from.Value)));

        a.Join("http://a", "");
        b.Join("http://b", "");
        await SeesAsync(a, "a", "b");
        await SeesAsync(b, "a", "b");

        (await a.Link.AskAsync(NodeName.Parse("b"), NodeTopic.DagStep, new byte[1], Cancellation)).ToArray().ShouldBe("a"u8.ToArray());
        a.Nodes().Select(node => (node.Name, node.Status, node.Gateway, node.IsSelf)).ShouldBe([("a", "alive", "http://a", true), ("b", "alive", "http://b", false)]);
        a.IsMember.ShouldBeTrue();
    }

    [Fact]
    public async Task A_node_that_has_not_joined_is_in_no_view()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var a = await OpenAsync(database, "a");
        a.Join("http://a", "");
        await using var b = await OpenAsync(database, "b");
        await SeesAsync(b, "a", "b");
        a.Link.View.Contains(NodeName.Parse("b")).ShouldBeFalse();

        b.Join("http://b", "");
        await SeesAsync(a, "a", "b");
        b.Retire();
        await SeesAsync(a, "a");
    }

    [Fact]
    public async Task A_node_that_leaves_is_gone_at_once()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var a = await OpenAsync(database, "a");
        var b = await OpenAsync(database, "b");
        a.Join("", "");
        b.Join("", "");
        await SeesAsync(a, "a", "b");

        var watch = Stopwatch.StartNew();
        await b.DisposeAsync();
        await SeesAsync(a, "a");

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
        a.Nodes().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_second_of_two_nodes_with_one_name_is_refused()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var first = await OpenAsync(database, "twin");
        var problem = (await Should.ThrowAsync<ProblemException>(() => OpenAsync(database, "twin"))).Problem;
        problem.Slug.ShouldBe("node-name-in-use");
        problem.Detail.ShouldNotBeNull().ShouldContain(first.Address);
        first.IsMember.ShouldBeTrue();
    }

    [Fact]
    public async Task The_name_of_a_node_that_was_killed_is_free_when_its_lease_is_over()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using (await OpenAsync(database, "a"))
        {
            // What a kill leaves: a lease that nobody renews and nobody gives back.
            await ExecuteAsync(database, "CREATE TABLE left_over AS SELECT * FROM virga.nodes");
        }

        await ExecuteAsync(database, "INSERT INTO virga.nodes SELECT * FROM left_over");
        await ExecuteAsync(database, "UPDATE virga.nodes SET lease_until = clock_timestamp() + interval '1 second'");

        await using var again = await OpenAsync(database, "a");
        again.Nodes().ShouldHaveSingleItem().Incarnation.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task A_lease_that_was_lost_is_taken_again_as_a_new_incarnation()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var a = await OpenAsync(database, "a");
        a.Join("", "");
        await ExecuteAsync(database, "UPDATE virga.nodes SET lease_until = clock_timestamp() - interval '1 minute'");

        await Eventually.TrueAsync(() => a.Link.View.Find(a.Link.Self)!.Incarnation == 2);
        a.IsMember.ShouldBeTrue();
    }

    [Fact]
    public async Task A_clock_that_is_ten_minutes_off_harms_no_lease_and_is_measured()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var right = await OpenAsync(database, "right");
        await using var fast = await OpenAsync(database, "fast", new ShiftedTime(TimeSpan.FromMinutes(10)));
        await using var slow = await OpenAsync(database, "slow", new ShiftedTime(-TimeSpan.FromMinutes(10)));
        right.Join("", "");
        fast.Join("", "");
        slow.Join("", "");
        await SeesAsync(right, "fast", "right", "slow");
        await SeesAsync(fast, "fast", "right", "slow");
        await SeesAsync(slow, "fast", "right", "slow");

        right.ClockOffset.ShouldBe(TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        fast.ClockOffset.ShouldBe(-TimeSpan.FromMinutes(10), TimeSpan.FromMilliseconds(100));
        slow.ClockOffset.ShouldBe(TimeSpan.FromMinutes(10), TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_a_clear_problem()
    {
        var problem = (await Should.ThrowAsync<ProblemException>(() => OpenAsync("Host=127.0.0.1;Port=1;Username=x;Database=x;Timeout=2", "a"))).Problem;
        problem.Slug.ShouldBe("cluster-unavailable");
    }

    [Fact]
    public async Task While_the_database_is_away_the_nodes_go_on_and_afterwards_they_are_members_again()
    {
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await using var a = await OpenAsync(database, "a");
        await using var b = await OpenAsync(database, "b");
        a.Join("", "");
        b.Join("", "");
        await SeesAsync(a, "a", "b");
        await SeesAsync(b, "a", "b");
        b.Link.Handle(NodeTopic.DagStep, static (_, body, _) => ValueTask.FromResult(body));
        var shrunk = 0;
        a.Link.ViewChanged += view => shrunk += view.Members.Count < 2 ? 1 : 0;

        await server.CrashAsync();
        await Eventually.TrueAsync(() => !a.IsMember && !b.IsMember);
        (await a.Link.AskAsync(NodeName.Parse("b"), NodeTopic.DagStep, new byte[] { 5 }, Cancellation)).ToArray().ShouldBe([5]);

        await server.ResumeAsync();
        await Eventually.TrueAsync(() => a.IsMember && b.IsMember);
        await Eventually.TrueAsync(() => a.Link.View.Members.All(member => member.Incarnation > 2) && b.Link.View.Members.All(member => member.Incarnation > 2));
        shrunk.ShouldBe(0);
        (await a.Link.AskAsync(NodeName.Parse("b"), NodeTopic.DagStep, new byte[] { 6 }, Cancellation)).ToArray().ShouldBe([6]);
    }

    private static Task<ClusterNode> OpenAsync(string database, string name, TimeProvider? time = null) => ClusterNode.OpenAsync(
        new ClusterOptions { ConnectionString = database, Name = NodeName.Parse(name), Version = "test" }, time ?? TimeProvider.System, new Random(1), NullLoggerFactory.Instance, Cancellation);

    private static Task SeesAsync(ClusterNode node, params string[] names) =>
        Eventually.TrueAsync(() => node.Link.View.Members.Select(member => member.Name.Value).SequenceEqual(names));

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
