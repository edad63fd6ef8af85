namespace Virga.Cli.Client;

/// <summary>Reads the body of an answer; a connection that breaks meanwhile is a <see cref="ConnectionBrokenException"/>.</summary>
internal static class AnswerReader
{
    private const int BlockSize = 64 * 1024;

    /// <summary>The whole body as text.</summary>
    public static async Task<string> ReadTextAsync(HttpResponseMessage response, Answering answering, CancellationToken cancellation)
    {
        try
        {
            return await response.Content.ReadAsStringAsync(cancellation);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw new ConnectionBrokenException(answering, broken);
        }
    }

    /// <summary>The next line of the body; null at its end.</summary>
    public static async Task<string?> ReadLineAsync(StreamReader body, Answering answering, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadLineAsync(cancellation);
        }
        catch (IOException broken)
        {
            throw new ConnectionBrokenException(answering, broken);
        }
    }

    /// <summary>Passes the body on as it comes. A failure of <paramref name="target"/> stays what it is.</summary>
    public static async Task CopyAsync(HttpResponseMessage response, Stream target, Answering answering, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var block = new byte[BlockSize];
        while (await ReadAsync() is > 0 and var length)
        {
            await target.WriteAsync(block.AsMemory(0, length), cancellation);
            await target.FlushAsync(cancellation);
        }

        async ValueTask<int> ReadAsync()
        {
            try
            {
                return await body.ReadAsync(block, cancellation);
            }
            catch (IOException broken)
            {
                throw new ConnectionBrokenException(answering, broken);
            }
        }
    }
}
