using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Problems;
using Virga.Testing;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Cold;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers.Cold;

/// <summary>Segment files over an S3 server: a store like any other, whose closed ledgers may be elsewhere.</summary>
public sealed class TieredLedgerStoreTests(S3Fixture s3) : LedgerStoreContract, IClassFixture<S3Fixture>
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-tiers-").FullName;
    private readonly string _prefix = $"{Guid.NewGuid():n}/";
    private SegmentLedgerStore _hot = null!;
    private S3ColdLedgers _cold = null!;

    private TieredLedgerStore Tiers => (TieredLedgerStore)Store;

    private S3Server Server => s3.Server;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_offloaded_ledger_is_read_as_before_from_anywhere()
    {
        const int seed = 20261125;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var data = Enumerable.Range(0, 3000).Select(_ => new byte[random.Next(3000)]).ToArray();
        Array.ForEach(data, random.NextBytes);
        var (id, end) = await WriteAsync(data);

        (await Tiers.OffloadAsync(id, end, Cancellation)).ShouldBe($"s3://{S3Server.Bucket}/{_prefix}");

        await Should.ThrowAsync<LedgerNotFoundException>(async () => await _hot.ReadAsync(id, 0, 1, 1, [], Cancellation));
        await ReadHereAndThereAsync(id, data, random);
        await RestartAsync();
        await ReadHereAndThereAsync(id, data, random);
        (await Store.RecoverAsync(id, new WriterEpoch(9), Cancellation)).ShouldBe(end);
        (await ListAsync()).ShouldBe([id]);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 3 << 20)]
    [InlineData(64, 64 << 10)]
    public async Task Ledgers_of_any_size_are_offloaded(int entries, int size)
    {
        var data = Enumerable.Range(0, entries).Select(i => new byte[size]).ToArray();
        Array.ForEach(data, new Random(entries).NextBytes);
        var (id, end) = await WriteAsync(data);

        await Tiers.OffloadAsync(id, end, Cancellation);

        var read = await ReadAsync(id, 0);
        read.Count.ShouldBe(entries);
        read.ShouldAllBe(entry => SameAs(data, entry));
        (await ReadAsync(id, entries)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Offloading_is_repeated_after_it_was_broken_off()
    {
        var (id, end) = await WriteAsync([BytesOf("a"), BytesOf("b")]);
        await _cold.StoreAsync(id, end, _hot, Cancellation);
        (await ListAsync()).ShouldBe([id]);

        await RestartAsync();
        await Tiers.OffloadAsync(id, end, Cancellation);
        await Tiers.OffloadAsync(id, end, Cancellation);

        (await ReadAsync(id, 0)).Select(TextOf).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_ledger_that_is_not_what_it_should_be_is_not_offloaded()
    {
        var data = Enumerable.Range(0, 40).Select(_ => new byte[64 << 10]).ToArray();
        var (id, end) = await WriteAsync(data);

        await Should.ThrowAsync<LedgerCorruptedException>(async () => await Tiers.OffloadAsync(id, new LedgerEnd(end.LastEntry + 1, end.Bytes), Cancellation));

        (await _cold.FindAsync(id, Cancellation)).ShouldBeNull();
        (await ReadAsync(id, 0)).Count.ShouldBe(40);
    }

    [Fact]
    public async Task A_deleted_ledger_is_gone_wherever_it_was()
    {
        var (id, end) = await WriteAsync([BytesOf("a")]);
        await Tiers.OffloadAsync(id, end, Cancellation);
        (await ReadAsync(id, 0)).Count.ShouldBe(1);

        await Store.DeleteAsync(id, Cancellation);

        await Should.ThrowAsync<LedgerNotFoundException>(async () => await ReadAsync(id, 0));
        (await ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_changed_byte_of_an_object_is_reported_and_not_read()
    {
        var (id, end) = await WriteAsync(Enumerable.Range(0, 10).Select(static i => BytesOf($"entry {i}")));
        await Tiers.OffloadAsync(id, end, Cancellation);
        var original = await ObjectAsync(id);
        foreach (var place in new[] { 0, 20, original.Length - 60, original.Length - 20, original.Length - 1 })
        {
            var changed = original.ToArray();
            changed[place] ^= 4;
            await PutObjectAsync(id, changed);
            await RestartAsync();

            var failure = await Should.ThrowAsync<LedgerCorruptedException>(async () => await ReadAsync(id, 0));

            failure.Message.ShouldContain($"{id.Value:d19}");
        }

        await PutObjectAsync(id, original[..30]);
        await RestartAsync();
        await Should.ThrowAsync<LedgerCorruptedException>(async () => await ReadAsync(id, 0));
    }

    [Fact]
    public async Task A_bucket_that_is_away_loses_nothing()
    {
        var data = Enumerable.Range(0, 20).Select(_ => new byte[100_000]).ToArray();
        var (id, end) = await WriteAsync(data);
        await Server.CrashAsync();
        try
        {
            (await Should.ThrowAsync<LedgerStoreException>(async () => await Tiers.OffloadAsync(id, end, Cancellation))).Message.ShouldContain($"The bucket '{S3Server.Bucket}' at 127.0.0.1:");
            (await ReadAsync(id, 0)).Count.ShouldBe(20);
        }
        finally
        {
            await Server.ResumeAsync();
        }

        await Tiers.OffloadAsync(id, end, Cancellation);
        (await ReadAsync(id, 0)).Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_used_is_said_when_it_is_opened()
    {
        S3ColdOptions[] wrong = [Options with { Bucket = "nowhere" }, Options with { AccessKey = "NOBODY", SecretKey = "secret-word" }, Options with { Endpoint = new Uri("http://127.0.0.1:1") }];
        foreach (var options in wrong)
        {
            await using var cold = new S3ColdLedgers(options);

            var failure = await Should.ThrowAsync<ProblemException>(async () => await cold.OpenAsync(Cancellation));

            failure.Problem.Type.ShouldEndWith("ledgers-unavailable");
            failure.Problem.Detail!.ShouldContain($"The bucket '{options.Bucket}'");
            failure.Problem.Detail!.ShouldNotContain("secret-word");
        }
    }

    protected override async Task<ILedgerStore> OpenAsync()
    {
        _hot = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(_folder, "segments") }, NullLogger<SegmentLedgerStore>.Instance);
        _cold = new S3ColdLedgers(Options);
        var store = new TieredLedgerStore(_hot, _cold);
        await store.OpenAsync(Cancellation);
        return store;
    }

    // Parts smaller than S3 itself takes, so that there are several.
    private S3ColdOptions Options => new()
    {
        Endpoint = Server.Endpoint,
        Bucket = S3Server.Bucket,
        AccessKey = S3Server.AccessKey,
        SecretKey = S3Server.SecretKey,
        Prefix = _prefix,
        PartBytes = 1 << 20,
        BlockBytes = 64 << 10,
        CacheBytes = 1 << 20,
    };

    private static bool SameAs(byte[][] data, LedgerEntry entry) => entry.Data.Span.SequenceEqual(data[entry.Id]);

    private async Task<(LedgerId Id, LedgerEnd End)> WriteAsync(IEnumerable<byte[]> data)
    {
        await using var writer = await CreateAsync(1);
        foreach (var some in data.Chunk(200))
        {
            await Task.WhenAll(some.Select(bytes => Append(writer, bytes).End));
        }

        return (writer.Id, await writer.CloseAsync(Cancellation));
    }

    private async Task ReadHereAndThereAsync(LedgerId id, byte[][] data, Random random)
    {
        for (var i = 0; i < 30; i++)
        {
            var first = random.Next(data.Length);
            var count = random.Next(1, 400);
            var entries = new List<LedgerEntry>();
            (await Store.ReadAsync(id, first, count, int.MaxValue, entries, Cancellation)).ShouldBe(Math.Min(count, data.Length - first));
            entries.Select(static entry => entry.Id).ShouldBe(Enumerable.Range(first, entries.Count).Select(static number => (long)number));
            entries.ShouldAllBe(entry => SameAs(data, entry));
        }

        (await ReadAsync(id, 0)).Count.ShouldBe(data.Length);
        (await ReadAsync(id, 0, maxBytes: 10_000)).Sum(static entry => entry.Data.Length).ShouldBeInRange(10_000, 13_000);
    }

    private AmazonS3Client Client() =>
        new(new BasicAWSCredentials(S3Server.AccessKey, S3Server.SecretKey), new AmazonS3Config { ServiceURL = Server.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });

    private async Task<byte[]> ObjectAsync(LedgerId id)
    {
        using var client = Client();
        using var answer = await client.GetObjectAsync(S3Server.Bucket, $"{_prefix}{id.Value:d19}", Cancellation);
        using var bytes = new MemoryStream();
        await answer.ResponseStream.CopyToAsync(bytes, Cancellation);
        return bytes.ToArray();
    }

    private async Task PutObjectAsync(LedgerId id, byte[] bytes)
    {
        using var client = Client();
        await client.PutObjectAsync(new PutObjectRequest { BucketName = S3Server.Bucket, Key = $"{_prefix}{id.Value:d19}", InputStream = new MemoryStream(bytes), UseChunkEncoding = false }, Cancellation);
    }
}
