using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Virga.Core.Problems;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>Closed ledgers in an S3 bucket: one object each, blocks of entries and an index behind them, read by ranges.</summary>
public sealed class S3ColdLedgers : IColdLedgers
{
    // Indices of so many bytes are kept; one of a ledger of 10 GB has 160 KB.
    private const long IndexBytes = 16 << 20;

    // So much of the end is read in the hope that the index is in it.
    private const int TailBytes = 64 << 10;

    // A read that wants more is several requests.
    private const long MaxFetchBytes = 8 << 20;

    private readonly S3ColdOptions _options;
    private readonly AmazonS3Client _s3;
    private readonly RecentlyUsed<LedgerId, ColdIndex> _indices = new(IndexBytes, static index => 200 + (16L * index.Blocks));
    private readonly RecentlyUsed<(LedgerId, int), ColdBlock> _blocks;

    /// <summary>Nothing is connected until it is used.</summary>
    public S3ColdLedgers(S3ColdOptions options)
    {
        _options = options;
        _blocks = new(options.CacheBytes, static block => block.Bytes);
        var config = new AmazonS3Config
        {
            ServiceURL = options.Endpoint.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = options.Region,
            UseHttp = string.Equals(options.Endpoint.Scheme, "http", StringComparison.Ordinal),

            // Two seconds in all; the SDK's own four repetitions take half a minute.
            MaxErrorRetry = 2,
        };
        _s3 = options.AccessKey is { } name ? new AmazonS3Client(new BasicAWSCredentials(name, options.SecretKey), config) : new AmazonS3Client(config);
    }

    /// <inheritdoc/>
    public string Name => $"s3://{_options.Bucket}/{_options.Prefix}";

    /// <inheritdoc/>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        try
        {
            await AskAsync(() => _s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = _options.Prefix, MaxKeys = 1 }, cancellation), cancellation);
        }
        catch (LedgerStoreException exception)
        {
            throw new ProblemException(KnownProblems.LedgersUnavailable(exception.Message, "Check that the bucket exists and that the key may list, read, write and delete its objects; then try again."), exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask StoreAsync(LedgerId id, LedgerEnd end, ILedgerStore from, CancellationToken cancellation)
    {
        if (await FindAsync(id, cancellation) == end)
        {
            return;
        }

        using var upload = new S3Upload(_s3, _options.Bucket, KeyOf(id), _options.PartBytes);
        try
        {
            await AskAsync(
                async () =>
                {
                    await WriteAsync(upload, id, end, from, cancellation);
                    return true;
                },
                cancellation);
        }
        catch
        {
            await AbandonAsync(upload);
            throw;
        }

        // Whoever deletes the original has seen that the copy can be read.
        _indices.Remove(id);
        if (await FindAsync(id, cancellation) != end)
        {
            throw new LedgerCorruptedException($"The object '{KeyOf(id)}' in the bucket '{_options.Bucket}' is not what was stored there. Is it written by somebody else, under the same prefix?");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation)
    {
        var index = await IndexAsync(id, cancellation) ?? throw new LedgerNotFoundException($"There is no ledger {id} in the bucket '{_options.Bucket}'.");
        var read = new ColdRead(first, maxEntries, maxBytes, into);
        while (read.Next < index.End.Entries)
        {
            var number = index.Find(read.Next);
            if (!_blocks.TryGet((id, number), out var block))
            {
                block = await FetchAsync(index, number, read.WantedBytes, cancellation);
            }

            if (!block.CopyTo(read))
            {
                break;
            }
        }

        return read.Count;
    }

    /// <inheritdoc/>
    public async ValueTask<LedgerEnd?> FindAsync(LedgerId id, CancellationToken cancellation) => (await IndexAsync(id, cancellation))?.End;

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation)
    {
        await AskAsync(() => _s3.DeleteObjectAsync(_options.Bucket, KeyOf(id), cancellation), cancellation);
        _indices.Remove(id);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LedgerId> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = _options.Prefix };
        ListObjectsV2Response page;
        do
        {
            page = await AskAsync(() => _s3.ListObjectsV2Async(request, cancellation), cancellation);
            foreach (var item in page.S3Objects)
            {
                // Others may keep their objects beside ours.
                if (long.TryParse(item.Key.AsSpan(_options.Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    yield return new LedgerId(number);
                }
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated);
    }

    /// <summary>Closes the connections.</summary>
    public ValueTask DisposeAsync()
    {
        _s3.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task WriteAsync(S3Upload upload, LedgerId id, LedgerEnd end, ILedgerStore from, CancellationToken cancellation)
    {
        var index = new ColdIndex(id);
        var entries = new List<LedgerEntry>();
        var header = new byte[ColdBlock.HeaderSize];
        long next = 0, bytes = 0, blockEnd = 0;
        while (next < end.Entries && await from.ReadAsync(id, next, int.MaxValue, _options.BlockBytes, entries, cancellation) > 0)
        {
            foreach (var entry in entries)
            {
                if (upload.Length >= blockEnd)
                {
                    index.Add(entry.Id, upload.Length);
                    blockEnd = upload.Length + _options.BlockBytes;
                }

                ColdBlock.WriteHeader(header, entry);
                await upload.WriteAsync(header, cancellation);
                await upload.WriteAsync(entry.Data, cancellation);
                bytes += entry.Data.Length;
                next++;
            }

            entries.Clear();
        }

        if (new LedgerEnd(next - 1, bytes) is var found && found != end)
        {
            throw new LedgerCorruptedException($"Ledger {id} has {found.Entries} entries of {found.Bytes} bytes where {end.Entries} of {end.Bytes} were written. It was not offloaded.");
        }

        index.End = end;
        index.DataBytes = upload.Length;
        await upload.WriteAsync(index.ToBytes(), cancellation);
        await upload.CompleteAsync(cancellation);
    }

    private async ValueTask AbandonAsync(S3Upload upload)
    {
        try
        {
            await upload.AbortAsync(CancellationToken.None);
        }
        catch (Exception exception) when (exception is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            // What was sent stays until the bucket's own rule for unfinished uploads removes it; why it failed is what the caller is told.
            return;
        }
    }

    private async ValueTask<ColdIndex?> IndexAsync(LedgerId id, CancellationToken cancellation)
    {
        if (_indices.TryGet(id, out var known))
        {
            return known;
        }

        try
        {
            var size = (await AskAsync(() => _s3.GetObjectMetadataAsync(_options.Bucket, KeyOf(id), cancellation), cancellation)).ContentLength;
            if (size < ColdIndex.FooterSize)
            {
                throw new FormatException("it is too short");
            }

            var tail = await RangeAsync(id, Math.Max(0, size - TailBytes), size, cancellation);
            var needed = ColdIndex.SizeOf(tail.Span[^ColdIndex.FooterSize..]);
            if (needed > size)
            {
                throw new FormatException("its index is greater than itself");
            }

            tail = needed > tail.Length ? await RangeAsync(id, size - needed, size, cancellation) : tail[^needed..];
            var index = ColdIndex.Read(tail.Span);
            if (index.Id != id || index.DataBytes + needed != size)
            {
                throw new FormatException("its index is not its own");
            }

            _indices.Add(id, index);
            return index;
        }
        catch (LedgerNotFoundException)
        {
            return null;
        }
        catch (FormatException exception)
        {
            throw Corrupted(id, exception);
        }
    }

    // A block, and those behind it that will be wanted as well.
    private async ValueTask<ColdBlock> FetchAsync(ColdIndex index, int number, long wantedBytes, CancellationToken cancellation)
    {
        var last = number + 1;
        var from = index.OffsetOf(number);
        while (last < index.Blocks && index.OffsetOf(last) - from < Math.Min(wantedBytes, MaxFetchBytes) && !_blocks.TryGet((index.Id, last), out _))
        {
            last++;
        }

        var bytes = await RangeAsync(index.Id, from, index.OffsetOf(last), cancellation);
        ColdBlock? first = null;
        try
        {
            for (var block = number; block < last; block++)
            {
                var part = bytes.Slice((int)(index.OffsetOf(block) - from), (int)(index.OffsetOf(block + 1) - index.OffsetOf(block)));
                var read = ColdBlock.Read(part, index.FirstOf(block), index.FirstOf(block + 1) - index.FirstOf(block));
                _blocks.Add((index.Id, block), read);
                first ??= read;
            }
        }
        catch (FormatException exception)
        {
            throw Corrupted(index.Id, exception);
        }

        return first!;
    }

    private async ValueTask<ReadOnlyMemory<byte>> RangeAsync(LedgerId id, long from, long to, CancellationToken cancellation)
    {
        var bytes = new byte[to - from];
        await AskAsync(
            async () =>
            {
                using var answer = await _s3.GetObjectAsync(new GetObjectRequest { BucketName = _options.Bucket, Key = KeyOf(id), ByteRange = new ByteRange(from, to - 1) }, cancellation);
                await answer.ResponseStream.ReadExactlyAsync(bytes, cancellation);
                return true;
            },
            cancellation);
        return bytes;
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound && !string.Equals(exception.ErrorCode, "NoSuchBucket", StringComparison.Ordinal))
        {
            throw new LedgerNotFoundException($"There is no such ledger in the bucket '{_options.Bucket}'.", exception);
        }
        catch (Exception exception) when (exception is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
        {
            throw new LedgerStoreException($"The bucket '{_options.Bucket}' at {_options.Endpoint.Authority} cannot be used: {exception.Message}", exception);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new LedgerStoreException($"The bucket '{_options.Bucket}' at {_options.Endpoint.Authority} did not answer in time.", exception);
        }
    }

    private LedgerCorruptedException Corrupted(LedgerId id, FormatException exception) =>
        new($"The object '{KeyOf(id)}' in the bucket '{_options.Bucket}' is not what was stored there: {exception.Message}. Restore it from a version or a backup of the bucket.", exception);

    // With zeros in front, so that the order of the names is that of the numbers.
    private string KeyOf(LedgerId id) => string.Create(CultureInfo.InvariantCulture, $"{_options.Prefix}{id.Value:d19}");
}
