using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Tests;

/// <summary>What every metadata store must do; an implementation derives from it and passes.</summary>
public abstract class MetadataStoreContract
{
    private static readonly FunctionName Hello = new(ResourceName.Default, ResourceName.Default, ResourceName.Parse("hello"));

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_resource_that_was_put_is_found()
    {
        await using var store = await OpenAsync();
        var change = (await store.CommitAsync([new MetadataOperation.Put(Key("a"), """{"x":1}""", "{}")], Cancellation)).ShouldHaveSingleItem();
        change.Event.ShouldBe(ChangeKind.Created);
        var found = (await store.FindAsync(Key("a"), Cancellation)).ShouldNotBeNull();
        found.Spec.ShouldBe("""{"x":1}""");
        found.Version.ShouldBe(1);
    }

    [Fact]
    public async Task Every_put_counts_the_version_up()
    {
        await using var store = await OpenAsync();
        for (var version = 1; version <= 3; version++)
        {
            (await PutAsync(store, "a")).Version.ShouldBe(version);
        }
    }

    [Fact]
    public async Task A_put_with_a_stale_version_changes_nothing()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        await PutAsync(store, "a");
        var problem = await ProblemOfAsync(() => store.CommitAsync([new MetadataOperation.Put(Key("a"), "new", "{}", 1)], Cancellation));
        problem.Slug.ShouldBe("stale-version");
        (await store.FindAsync(Key("a"), Cancellation))!.Spec.ShouldBe("{}");
    }

    [Fact]
    public async Task A_put_that_must_create_conflicts_with_what_exists()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        (await ProblemOfAsync(() => store.CommitAsync([new MetadataOperation.Put(Key("a"), "{}", "{}", 0)], Cancellation))).Slug.ShouldBe("conflict");
    }

    [Fact]
    public async Task A_commit_that_fails_leaves_nothing_of_itself()
    {
        await using var store = await OpenAsync();
        await ProblemOfAsync(() => store.CommitAsync([new MetadataOperation.Put(Key("a"), "{}", "{}"), new MetadataOperation.Delete(Key("missing"))], Cancellation));
        (await store.FindAsync(Key("a"), Cancellation)).ShouldBeNull();
        (await store.ReadChangesAsync(0, 10, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_many_writers_with_one_version_exactly_one_wins()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            try
            {
                await store.CommitAsync([new MetadataOperation.Put(Key("a"), $"{writer}", "{}", 1)], Cancellation);
                return "won";
            }
            catch (ProblemException exception)
            {
                return exception.Problem.Slug;
            }
        }, Cancellation)));
        outcomes.Count(outcome => outcome == "won").ShouldBe(1);
        outcomes.Count(outcome => outcome == "stale-version").ShouldBe(7);
    }

    [Fact]
    public async Task A_list_is_in_ordinal_order_and_can_be_read_in_parts()
    {
        await using var store = await OpenAsync();
        foreach (var name in (string[])["b", "a10", "a-1", "a2", "c"])
        {
            await PutAsync(store, name);
        }

        var first = await store.ListAsync(ResourceKind.Function, Scope.Default, null, 3, Cancellation);
        first.Select(resource => resource.Key.Name).ShouldBe(["a-1", "a10", "a2"]);
        var second = await store.ListAsync(ResourceKind.Function, Scope.Default, "a2", 3, Cancellation);
        second.Select(resource => resource.Key.Name).ShouldBe(["b", "c"]);
    }

    [Fact]
    public async Task A_scope_shows_only_its_own_resources()
    {
        await using var store = await OpenAsync();
        var other = new Scope(ResourceName.Parse("acme"), ResourceName.Parse("prod"));
        await PutAsync(store, "a");
        await store.CommitAsync([new MetadataOperation.Put(new ResourceKey(ResourceKind.Function, other, "b"), "{}", "{}")], Cancellation);
        (await store.ListAsync(ResourceKind.Function, other, null, 10, Cancellation)).ShouldHaveSingleItem().Key.Name.ShouldBe("b");
        (await store.ReadAllAsync(ResourceKind.Function, Cancellation).CountAsync(Cancellation)).ShouldBe(2);
    }

    [Fact]
    public async Task Old_versions_are_dropped_unless_they_are_pinned()
    {
        await using var store = await OpenAsync();
        for (var version = 1; version <= 6; version++)
        {
            await store.CommitAsync([new MetadataOperation.AddVersion(new StoredFunctionVersion(Hello, version, DateTimeOffset.UnixEpoch, "{}", $"p{version}", $"b{version}"))], Cancellation);
        }

        await store.CommitAsync([new MetadataOperation.RetainVersions(Hello, [1, 6], 3)], Cancellation);
        (await store.ListVersionsAsync(Hello, Cancellation)).Select(version => version.Version).ShouldBe([6, 5, 4, 1]);
        (await store.ReadPinnedVersionsAsync(Cancellation).Select(version => version.Version).OrderBy(version => version).ToListAsync(Cancellation)).ShouldBe([1, 6]);
        (await store.ReadUsedPackagesAsync(Cancellation)).Order(StringComparer.Ordinal).ShouldBe(["b1", "b4", "b5", "b6", "p1", "p4", "p5", "p6"]);
        await store.CommitAsync([new MetadataOperation.RetainVersions(Hello, [6], 1)], Cancellation);
        (await store.FindVersionAsync(Hello, 1, Cancellation)).ShouldBeNull();
    }

    [Fact]
    public async Task Changes_are_read_in_the_order_in_which_they_took_effect()
    {
        await using var store = await OpenAsync();
        await PutAsync(store, "a");
        await PutAsync(store, "a");
        await store.CommitAsync([new MetadataOperation.Delete(Key("a"))], Cancellation);
        var changes = await store.ReadChangesAsync(0, 10, Cancellation);
        changes.Select(change => change.Event).ShouldBe([ChangeKind.Created, ChangeKind.Updated, ChangeKind.Deleted]);
        changes.Select(change => change.Sequence).ShouldBeInOrder();
        (await store.ReadChangesAsync(changes[1].Sequence, 10, Cancellation)).ShouldHaveSingleItem().Event.ShouldBe(ChangeKind.Deleted);
    }

    [Fact]
    public async Task The_newest_change_is_where_a_follower_begins()
    {
        await using var store = await OpenAsync();
        (await store.NewestChangeAsync(Cancellation)).ShouldBe(0);
        await PutAsync(store, "a");
        var newest = await PutAsync(store, "b");
        (await store.NewestChangeAsync(Cancellation)).ShouldBe(newest.Sequence);
    }

    [Fact]
    public async Task A_follower_that_is_too_far_behind_is_told_so()
    {
        await using var store = await OpenAsync(keptChanges: 3);
        for (var i = 0; i < 6; i++)
        {
            await PutAsync(store, "a");
        }

        (await store.ReadChangesAsync(0, 10, Cancellation)).Count.ShouldBe(3);
        (await ProblemOfAsync(() => store.ReadChangesAsync(1, 10, Cancellation))).Slug.ShouldBe("changes-lost");
    }

    private protected abstract ValueTask<IMetadataStore> OpenAsync(int keptChanges = 1000);

    private protected static ResourceKey Key(string name) => new(ResourceKind.Function, Scope.Default, name);

    private protected static async Task<Change> PutAsync(IMetadataStore store, string name) =>
        (await store.CommitAsync([new MetadataOperation.Put(Key(name), "{}", "{}")], Cancellation))[0];

    private static async Task<Problem> ProblemOfAsync<T>(Func<ValueTask<T>> act) => (await Should.ThrowAsync<ProblemException>(async () => await act())).Problem;
}
