using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Npgsql;
using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Control.Packages;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Testing;

namespace Virga.Control.Tests;

/// <summary>Several nodes' control planes over one database.</summary>
public sealed class SharedStoreTests(PostgresMetadataStoreTests.Fixture postgres) : IClassFixture<PostgresMetadataStoreTests.Fixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_deployed_on_one_node_runs_on_the_other_within_a_second()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("hello");

        var watch = Stopwatch.StartNew();
        await EventuallyAsync(async () => await other.ResolveAsync("hello") is not null);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));

        var version = (await other.ResolveAsync("hello"))!;
        var path = await other.Service<IPackageDirectory>().GetPathAsync(version.BuiltPackage, Cancellation);
        (await File.ReadAllTextAsync(Path.Combine(path, "index.mjs"), Cancellation)).ShouldBe("export default () => 1");
        other.Traffic.Live.ShouldContain(version);
    }

    [Fact]
    public async Task A_new_version_takes_the_traffic_on_every_node_and_the_old_one_is_retired()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("hello", "1");
        await EventuallyAsync(async () => await other.ResolveAsync("hello") is not null);
        var old = (await other.ResolveAsync("hello"))!;

        await one.DeployAsync("hello", "2");
        await EventuallyAsync(async () => (await other.ResolveAsync("hello"))!.Version == 2);
        other.Traffic.Retired.ShouldContain(old);

        await other.SendAsync(HttpMethod.Post, "functions/hello/rollback", new { }, 200);
        (await other.ResolveAsync("hello"))!.Version.ShouldBe(1);
        await EventuallyAsync(async () => (await one.ResolveAsync("hello"))!.Version == 1);
    }

    [Fact]
    public async Task Routes_aliases_and_environments_follow_and_so_do_deletions()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("hello", "1");
        await one.DeployAsync("hello", "2");
        await one.SendAsync(HttpMethod.Put, "functions/hello/aliases/old", new { version = 1 }, 200, 201);
        await one.SendAsync(HttpMethod.Put, "routes/greet", new { spec = new { path = "/greet", function = "hello" } }, 201);
        await one.SendAsync(HttpMethod.Put, "environments/ruby", new { spec = new { command = new[] { "/usr/bin/ruby" } } }, 201);

        await EventuallyAsync(() => ValueTask.FromResult(other.Service<IEnvironmentCatalog>().Find(ResourceName.Default, ResourceName.Default, "ruby") is not null));
        (await other.ResolveAsync("hello", "old"))!.Version.ShouldBe(1);
        other.Traffic.Routes.Keys.ShouldContain("greet");

        await other.SendAsync(HttpMethod.Delete, "environments/ruby", null, 204);
        await other.SendAsync(HttpMethod.Delete, "functions/hello?cascade=true", null, 204);
        await EventuallyAsync(async () => await one.ResolveAsync("hello") is null);
        one.Traffic.Routes.Keys.ShouldNotContain("greet");
        one.Service<IEnvironmentCatalog>().Find(ResourceName.Default, ResourceName.Default, "ruby").ShouldBeNull();
    }

    [Fact]
    public async Task A_function_that_was_deleted_and_made_anew_is_the_new_one_everywhere()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        for (var round = 0; round < 5; round++)
        {
            await one.DeployAsync("hello", $"round {round}");
            var package = (await one.ResolveAsync("hello"))!.BuiltPackage;
            await EventuallyAsync(async () => (await other.ResolveAsync("hello"))?.BuiltPackage == package);
            (await other.ResolveAsync("hello"))!.Version.ShouldBe(1);
            await one.SendAsync(HttpMethod.Delete, "functions/hello", null, 204);
        }
    }

    [Fact]
    public async Task Nodes_that_deploy_the_same_function_at_a_time_take_turns()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        const int Each = 8;
        await Task.WhenAll(
            Task.Run(async () => await DeployManyAsync(one, "a"), Cancellation),
            Task.Run(async () => await DeployManyAsync(other, "b"), Cancellation));
        await EventuallyAsync(async () => (await one.ResolveAsync("hello"))!.Version == 2 * Each && (await other.ResolveAsync("hello"))!.Version == 2 * Each);

        static async Task DeployManyAsync(ControlHost host, string who)
        {
            for (var i = 0; i < Each; i++)
            {
                await host.DeployAsync("hello", $"{who}{i}");
            }
        }
    }

    [Fact]
    public async Task A_route_that_another_node_has_just_made_is_in_the_way_at_once()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("hello");
        await one.SendAsync(HttpMethod.Put, "routes/a", new { spec = new { path = "/same", function = "hello" } }, 201);
        await other.SendAsync(HttpMethod.Put, "routes/b", new { spec = new { path = "/same", function = "hello" } }, 409);
    }

    [Fact]
    public async Task A_package_that_was_uploaded_to_one_node_can_be_deployed_on_another()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        var package = (string?)(await one.UploadAsync())["digest"];
        await other.GetAsync($"packages/{package}");
        await other.SendAsync(HttpMethod.Put, "functions/hello", new { spec = new { environment = "node", package } }, 201);
    }

    [Fact]
    public async Task A_node_that_starts_later_has_everything()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await one.DeployAsync("hello");
        await one.SendAsync(HttpMethod.Put, "routes/greet", new { spec = new { path = "/greet", function = "hello" } }, 201);

        await using var later = await StartAsync(database);
        (await later.ResolveAsync("hello")).ShouldNotBeNull();
        later.Traffic.Routes.Keys.ShouldContain("greet");
    }

    [Fact]
    public async Task A_node_whose_feed_was_cut_off_compares_everything()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("kept", "1");
        await one.DeployAsync("gone");
        await EventuallyAsync(async () => await other.ResolveAsync("gone") is not null);

        // Behind the nodes' backs, as if one of them had been away while more was changed than the feed keeps.
        using (await other.Service<ChangeLog>().EnterLocallyAsync(Cancellation))
        {
            await one.SendAsync(HttpMethod.Delete, "functions/gone", null, 204);
            await one.DeployAsync("kept", "2");
            await one.DeployAsync("new");
            await ExecuteAsync(database, "DELETE FROM virga.changes WHERE sequence < (SELECT MAX(sequence) FROM virga.changes)");
        }

        await EventuallyAsync(async () => await other.ResolveAsync("new") is not null);
        (await other.ResolveAsync("gone")).ShouldBeNull();
        (await other.ResolveAsync("kept"))!.Version.ShouldBe(2);
    }

    [Fact]
    public async Task The_feed_of_one_node_tells_of_changes_on_another()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        using var response = await other.Client.GetAsync("changes?follow=true&kind=function", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        await one.DeployAsync("hello");
        (await lines.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancellation)).ShouldNotBeNull().ShouldContain("\"hello\"");
    }

    [Fact]
    public async Task While_the_database_is_away_functions_stay_and_changes_are_refused_then_followed_again()
    {
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("hello", "1");
        await EventuallyAsync(async () => await other.ResolveAsync("hello") is not null);

        await server.CrashAsync();
        (await one.ResolveAsync("hello")).ShouldNotBeNull();
        ((string?)(await one.SendAsync(HttpMethod.Delete, "functions/hello", null, 503))["type"]).ShouldBe("urn:virga:problem:cluster-unavailable");

        await server.ResumeAsync();
        await one.DeployAsync("hello", "2");
        await EventuallyAsync(async () => (await other.ResolveAsync("hello"))!.Version == 2);
    }

    [Fact]
    public async Task Packages_that_no_function_uses_are_collected_for_all_nodes_and_used_ones_are_not()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        await one.DeployAsync("hello", "used");
        var used = (await one.ResolveAsync("hello"))!.BuiltPackage;
        var unused = (string)(await one.UploadAsync(text: "unused"))["digest"]!;
        var packages = other.Service<PackageStore>();
        await packages.GetPathAsync(unused, Cancellation);

        (await other.Service<PackageService>().CollectAsync(TimeSpan.Zero, Cancellation)).ShouldBe(1);
        (await packages.ContainsAsync(unused, Cancellation)).ShouldBeFalse();
        (await packages.ContainsAsync(used, Cancellation)).ShouldBeTrue();
        await other.GetAsync($"packages/{unused}", 404);
    }

    [Fact]
    public async Task Links_and_executable_files_come_to_other_nodes_unchanged()
    {
        var database = await postgres.Server.CreateDatabaseAsync();
        await using var one = await StartAsync(database);
        await using var other = await StartAsync(database);
        var info = await one.Service<PackageStore>().AddProducedAsync(
            async folder =>
            {
                Directory.CreateDirectory(Path.Combine(folder, "bin"));
                await File.WriteAllTextAsync(Path.Combine(folder, "bin", "run"), "#!/bin/sh\n", Cancellation);
                File.SetUnixFileMode(Path.Combine(folder, "bin", "run"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
                await File.WriteAllBytesAsync(Path.Combine(folder, "zeros"), new byte[5_000_000], Cancellation);
                File.CreateSymbolicLink(Path.Combine(folder, "start"), "bin/run");
            },
            Cancellation);

        var path = await other.Service<IPackageDirectory>().GetPathAsync(info.Digest, Cancellation);
        File.GetUnixFileMode(Path.Combine(path, "bin", "run")).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
        new FileInfo(Path.Combine(path, "start")).LinkTarget.ShouldBe("bin/run");
        new FileInfo(Path.Combine(path, "zeros")).Length.ShouldBe(5_000_000);
    }

    private static Task<ControlHost> StartAsync(string database) => ControlHost.StartAsync(options => options with { ClusterConnectionString = database });

    private static async Task EventuallyAsync(Func<ValueTask<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (var watch = Stopwatch.StartNew(); !await condition(); await Task.Delay(TimeSpan.FromMilliseconds(5), Cancellation))
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15), $"It never became true: {what}");
        }
    }

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
