using System.Net;
using System.Net.Sockets;

namespace Virga.Bench.Topics.Load;

/// <summary>A connection: a socket and what has come from it. Blocking ones wait in the kernel, which is the quickest for a few; others wait together.</summary>
internal sealed class Wire : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly Socket _socket;
    private readonly bool _isBlocking;
    private byte[] _buffer = new byte[BufferSize];
    private int _from;
    private int _to;

    private Wire(Socket socket, bool isBlocking) => (_socket, _isBlocking) = (socket, isBlocking);

    /// <summary>What has come and is not consumed.</summary>
    public ReadOnlyMemory<byte> Received => _buffer.AsMemory(_from, _to - _from);

    /// <summary>Connects to a port of the loopback.</summary>
    public static async ValueTask<Wire> ConnectAsync(int port, bool isBlocking)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var address = new IPEndPoint(IPAddress.Loopback, port);
        if (isBlocking)
        {
            // Once a socket is used asynchronously it never really blocks again.
            socket.Connect(address);
        }
        else
        {
            await socket.ConnectAsync(address);
        }

        return new Wire(socket, isBlocking);
    }

    /// <summary>Sends everything.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[(_isBlocking ? _socket.Send(bytes.Span) : await _socket.SendAsync(bytes, SocketFlags.None))..];
        }
    }

    /// <summary>Waits for more; the end of the connection is an error.</summary>
    public async ValueTask ReceiveAsync()
    {
        if (_from == _to)
        {
            (_from, _to) = (0, 0);
        }
        else if (_to == _buffer.Length)
        {
            var larger = _from > 0 ? _buffer : new byte[_buffer.Length * 2];
            _buffer.AsSpan(_from, _to - _from).CopyTo(larger);
            (_buffer, _from, _to) = (larger, 0, _to - _from);
        }

        var room = _buffer.AsMemory(_to);
        var count = _isBlocking ? _socket.Receive(room.Span) : await _socket.ReceiveAsync(room, SocketFlags.None);
        if (count == 0)
        {
            throw new IOException("The server has closed the connection.");
        }

        _to += count;
    }

    /// <summary>So many bytes are done with.</summary>
    public void Consume(int count) => _from += count;

    public void Dispose() => _socket.Dispose();
}
