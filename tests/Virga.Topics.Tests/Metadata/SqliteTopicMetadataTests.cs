using System.Diagnostics;
using System.Globalization;
using Virga.Core.Problems;
using Virga.Topics.Metadata;
using Virga.Topics.Metadata.Sqlite;

namespace Virga.Topics.Tests.Metadata;

public sealed class SqliteTopicMetadataTests : TopicMetadataContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-topics-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "topics.db");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_acknowledged_write_is_there_after_each_kill()
    {
        const int seed = 20261125;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await Metadata.DisposeAsync();
        var acknowledged = new long[MetadataWriterThatIsKilled.Writers];
        for (var kill = 0; kill < 5; kill++)
        {
            await RunAndKillAsync(acknowledged, random.Next(1, 800));
            await using var metadata = await OpenAsync();
            for (var writer = 0; writer < acknowledged.Length; writer++)
            {
                var value = await metadata.GetAsync($"writer-{writer}", Cancellation);
                var twin = await metadata.GetAsync($"twin-{writer}", Cancellation);
                (value?.Version ?? 0).ShouldBeInRange(acknowledged[writer], acknowledged[writer] + 1, $"writer {writer} after kill {kill}");
                (twin?.Version ?? 0).ShouldBe(value?.Version ?? 0, $"the twin of writer {writer} after kill {kill}");
            }
        }

        acknowledged.Sum().ShouldBeGreaterThan(100);
        await RestartAsync();
    }

    [Fact]
    public async Task A_flipped_bit_is_reported_and_not_read()
    {
        await PutAsync("key", "a value that can be found");
        await Metadata.DisposeAsync();
        var bytes = await File.ReadAllBytesAsync(Path, Cancellation);
        var place = bytes.AsSpan().IndexOf("a value that"u8);
        place.ShouldBeGreaterThan(0);
        bytes[place + 3] ^= 1;
        await File.WriteAllBytesAsync(Path, bytes, Cancellation);
        await RestartAsync();

        var failure = await Should.ThrowAsync<ProblemException>(async () => await Metadata.GetAsync("key", Cancellation));

        failure.Problem.Type.ShouldEndWith("topics-corrupted");
        failure.Problem.Detail!.ShouldContain("'key'");
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        await Metadata.DisposeAsync();
        await File.WriteAllTextAsync(Path, "something that somebody wrote here", Cancellation);

        var failure = await Should.ThrowAsync<ProblemException>(OpenAsync);

        failure.Problem.Type.ShouldEndWith("topics-corrupted");
        (await File.ReadAllTextAsync(Path, Cancellation)).ShouldBe("something that somebody wrote here");
    }

    [Fact]
    public async Task Writes_that_wait_are_written_before_it_closes()
    {
        var writes = Enumerable.Range(0, 100).Select(i => PutAsync($"{i:d3}", "1")).ToArray();

        await RestartAsync();

        await Task.WhenAll(writes);
        (await ListAsync("")).Count.ShouldBe(100);
    }

    [Fact]
    public async Task A_write_after_it_was_closed_is_refused()
    {
        await Metadata.DisposeAsync();

        await Should.ThrowAsync<ObjectDisposedException>(() => PutAsync("a", "1"));
    }

    protected override async Task<ITopicMetadata> OpenAsync()
    {
        var metadata = new SqliteTopicMetadata(Path);
        await metadata.OpenAsync(Cancellation);
        return metadata;
    }

    private async Task RunAndKillAsync(long[] acknowledged, int lines)
    {
        using var process = MetadataWriterThatIsKilled.Start(Path);
        using var reader = process.StandardOutput;
        var heard = 0;
        while (heard < lines && await reader.ReadLineAsync(Cancellation) is { } line)
        {
            heard += Hear(line, acknowledged);
        }

        heard.ShouldBe(lines, "the process ended by itself");
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        while (await reader.ReadLineAsync(Cancellation) is { } line)
        {
            Hear(line, acknowledged);
        }
    }

    // The runner says things of its own, which do not count.
    private static int Hear(string line, long[] acknowledged)
    {
        if (line.Split(' ') is not ["acknowledged", var writer, var version])
        {
            return 0;
        }

        acknowledged[int.Parse(writer, CultureInfo.InvariantCulture)] = long.Parse(version, CultureInfo.InvariantCulture);
        return 1;
    }
}
