using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Tests;

public sealed class SqliteMetadataStoreTests : MetadataStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder["metadata.db"];

    [Fact]
    public async Task What_was_acknowledged_is_there_after_the_process_was_killed_within_a_write()
    {
        using var crashed = new TemporaryFolder();
        await using (var store = await OpenAsync())
        {
            for (var i = 0; i < 20; i++)
            {
                await PutAsync(store, $"f{i}");
            }

            // What a kill leaves: the file and its log as they are, never closed, and the frame of a commit that was on its way.
            System.IO.File.Copy(File, crashed["metadata.db"]);
            System.IO.File.Copy(File + "-wal", crashed["metadata.db-wal"]);
        }

        await System.IO.File.AppendAllBytesAsync(crashed["metadata.db-wal"], new byte[1000], Cancellation);
        await using var reopened = new SqliteMetadataStore(crashed["metadata.db"], TimeProvider.System);
        await reopened.OpenAsync(Cancellation);
        (await reopened.ListAsync(ResourceKind.Function, Scope.Default, null, 100, Cancellation)).Count.ShouldBe(20);
        (await PutAsync(reopened, "f0")).Sequence.ShouldBe(21);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public async Task A_damaged_file_is_refused_with_its_path_and_how_to_mend_it(int offset)
    {
        await using (var store = await OpenAsync())
        {
            for (var i = 0; i < 200; i++)
            {
                await PutAsync(store, $"f{i}");
            }
        }

        await using (var file = new FileStream(File, FileMode.Open))
        {
            file.Position = offset;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, 8192).ToArray(), Cancellation);
        }

        await using var damaged = new SqliteMetadataStore(File, TimeProvider.System);
        var problem = (await Should.ThrowAsync<ProblemException>(async () => await damaged.OpenAsync(Cancellation))).Problem;
        problem.Slug.ShouldBe("metadata-corrupted");
        problem.Detail.ShouldNotBeNull().ShouldContain(File);
        problem.Fix.ShouldNotBeNull().ShouldContain("backup");
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused()
    {
        await (await OpenAsync()).DisposeAsync();
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        await using var store = new SqliteMetadataStore(File, TimeProvider.System);
        (await Should.ThrowAsync<ProblemException>(async () => await store.OpenAsync(Cancellation))).Problem.Detail.ShouldNotBeNull().ShouldContain("99");
    }

    public void Dispose() => _folder.Dispose();

    private protected override async ValueTask<IMetadataStore> OpenAsync(int keptChanges = 1000)
    {
        var store = new SqliteMetadataStore(File, TimeProvider.System, keptChanges);
        await store.OpenAsync(Cancellation);
        return store;
    }
}
