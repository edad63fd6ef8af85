using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Virga.Gateway.Hosting;

/// <summary>
/// HTTP/1.1 and HTTP/2 without TLS on one port. Kestrel speaks one of them per endpoint when there is no ALPN to ask; so connections that begin
/// with the preface of HTTP/2 (RFC 9113, section 3.4) are handed to a second endpoint, which exists within the process only.
/// </summary>
internal sealed class ProtocolSplitter(IConnectionListenerFactory sockets, TimeSpan prefaceTimeout, TimeProvider time) : IConnectionListenerFactory
{
    // "PRI " begins no request of HTTP/1.1: there is no such method.
    private static ReadOnlySpan<byte> Preface => "PRI "u8;

    private readonly Channel<HandedOverConnection> _http2 = Channel.CreateUnbounded<HandedOverConnection>();

    /// <summary>Makes the server listen for both protocols.</summary>
    public void Listen(KestrelServerOptions kestrel, IPEndPoint endpoint)
    {
        kestrel.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection => RunAsync(connection, next));
        });
        kestrel.Listen(new Http2EndPoint(), listen => listen.Protocols = HttpProtocols.Http2);
    }

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint is Http2EndPoint ? new(new Http2Listener(endpoint, _http2)) : sockets.BindAsync(endpoint, cancellationToken);

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate http1)
    {
        bool isHttp2;
        try
        {
            isHttp2 = await BeginsWithPrefaceAsync(connection);
        }
        catch (Exception exception) when (exception is ConnectionResetException or ConnectionAbortedException)
        {
            // A client that goes away before it says anything, as the probe of a load balancer does, is no failure.
            return;
        }

        if (!isHttp2)
        {
            await http1(connection);
            return;
        }

        var handedOver = new HandedOverConnection(connection);
        if (_http2.Writer.TryWrite(handedOver))
        {
            await handedOver.Ended;
        }
    }

    private async ValueTask<bool> BeginsWithPrefaceAsync(ConnectionContext connection)
    {
        // A client that says nothing must not hold a connection for ever; Kestrel's own clocks start only when it reads.
        using var timeout = new CancellationTokenSource(prefaceTimeout, time);
        var input = connection.Transport.Input;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await input.ReadAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                connection.Abort(new ConnectionAbortedException("The client sent nothing."));
                return false;
            }

            var length = (int)Math.Min(read.Buffer.Length, Preface.Length);
            var isPossible = BeginsLikePreface(read.Buffer.Slice(0, length));
            var isDecided = !isPossible || length == Preface.Length || read.IsCompleted;
            input.AdvanceTo(read.Buffer.Start, isDecided ? read.Buffer.Start : read.Buffer.End);
            if (isDecided)
            {
                return isPossible && length == Preface.Length;
            }
        }
    }

    private static bool BeginsLikePreface(in ReadOnlySequence<byte> begin)
    {
        Span<byte> bytes = stackalloc byte[Preface.Length];
        begin.CopyTo(bytes);
        return Preface.StartsWith(bytes[..(int)begin.Length]);
    }

    private sealed class Http2EndPoint : EndPoint
    {
        public override string ToString() => "h2c";
    }

    private sealed class Http2Listener(EndPoint endpoint, Channel<HandedOverConnection> connections) : IConnectionListener
    {
        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await connections.Reader.WaitToReadAsync(cancellationToken))
            {
                if (connections.Reader.TryRead(out var connection))
                {
                    return connection;
                }
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            connections.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
