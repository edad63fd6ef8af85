using System.Net;
using System.Net.Http.Headers;

namespace Virga.Cli.Client;

/// <summary>A request body in memory that reports how much of it has been sent.</summary>
internal sealed class UploadContent : HttpContent
{
    private const int ChunkSize = 64 * 1024;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly IProgress<long>? _progress;

    public UploadContent(ReadOnlyMemory<byte> bytes, string mediaType, IProgress<long>? progress)
    {
        _bytes = bytes;
        _progress = progress;
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < _bytes.Length;)
        {
            var size = Math.Min(ChunkSize, _bytes.Length - sent);
            await stream.WriteAsync(_bytes.Slice(sent, size), cancellationToken);
            sent += size;
            _progress?.Report(sent);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _bytes.Length;
        return true;
    }
}
