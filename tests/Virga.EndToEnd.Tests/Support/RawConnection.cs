using System.Net.Sockets;
using System.Text;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>A TCP connection on which a test writes what no well-behaved client would.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client = new();

    private RawConnection()
    {
    }

    /// <summary>Connects to the gateway.</summary>
    public static async Task<RawConnection> OpenAsync(VirgaNode node)
    {
        var connection = new RawConnection();
        await connection._client.ConnectAsync(node.Gateway.Host, node.Gateway.Port, TestContext.Current.CancellationToken);
        return connection;
    }

    /// <summary>Writes bytes as they are.</summary>
    public ValueTask WriteAsync(string text) => _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);

    /// <summary>Reads until the other side closes, or until a text has come.</summary>
    public async Task<string> ReadUntilAsync(string? text = null)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var read = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await _client.GetStream().ReadAsync(buffer, patience.Token) is > 0 and var count)
            {
                read.Append(Encoding.Latin1.GetString(buffer, 0, count));
                if (text is not null && read.ToString().Contains(text, StringComparison.Ordinal))
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
            // A reset ends the connection as much as an orderly close: what came before it counts.
            return read.ToString();
        }

        return read.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
