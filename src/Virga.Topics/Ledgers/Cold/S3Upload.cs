using Amazon.S3;
using Amazon.S3.Model;

namespace Virga.Topics.Ledgers.Cold;

/// <summary>An object on its way to S3, in parts, with one part in memory. It can be read once it is complete, and not before.</summary>
internal sealed class S3Upload(IAmazonS3 s3, string bucket, string key, int partBytes) : IDisposable
{
    private readonly MemoryStream _part = new(partBytes);
    private readonly List<PartETag> _sent = [];
    private string? _upload;

    /// <summary>The bytes so far.</summary>
    public long Length { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        Length += bytes.Length;
        while (bytes.Length > 0)
        {
            var taken = Math.Min(bytes.Length, partBytes - (int)_part.Length);
            _part.Write(bytes.Span[..taken]);
            bytes = bytes[taken..];
            if (_part.Length == partBytes)
            {
                await SendPartAsync(cancellation);
            }
        }
    }

    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        if (_upload is null)
        {
            _part.Position = 0;
            await s3.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, InputStream = _part, AutoCloseStream = false, UseChunkEncoding = false }, cancellation);
            return;
        }

        if (_part.Length > 0)
        {
            await SendPartAsync(cancellation);
        }

        await s3.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = _upload, PartETags = _sent }, cancellation);
    }

    /// <summary>Gives back what was sent for nothing.</summary>
    public async ValueTask AbortAsync(CancellationToken cancellation)
    {
        if (_upload is not null)
        {
            await s3.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = _upload }, cancellation);
        }
    }

    public void Dispose() => _part.Dispose();

    private async ValueTask SendPartAsync(CancellationToken cancellation)
    {
        _upload ??= (await s3.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, cancellation)).UploadId;
        _part.Position = 0;
        var number = _sent.Count + 1;
        var answer = await s3.UploadPartAsync(
            new UploadPartRequest { BucketName = bucket, Key = key, UploadId = _upload, PartNumber = number, PartSize = _part.Length, InputStream = _part, UseChunkEncoding = false }, cancellation);
        _sent.Add(new PartETag(number, answer.ETag));
        _part.SetLength(0);
    }
}
