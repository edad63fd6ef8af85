using System.Net.Sockets;

namespace Virga.Execution.Processes;

/// <summary>Two connected UNIX stream sockets: one stays here, the other is for a child to inherit.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(Socket ours, Descriptor theirs)
    {
        Ours = ours;
        Theirs = theirs;
    }

    internal Socket Ours { get; }

    internal Descriptor Theirs { get; }

    internal static unsafe SocketPair Create()
    {
        int* ends = stackalloc int[2];
        if (Libc.SocketPair(Libc.AfUnix, Libc.SockStream | Libc.SockCloseOnExec, 0, ends) != 0)
        {
            throw SystemCallException.Last("socketpair");
        }

        var ours = new Socket(new SafeSocketHandle(ends[0], ownsHandle: true));
        try
        {
            return new SocketPair(ours, Descriptor.Own(ends[1]));
        }
        catch (SystemCallException)
        {
            ours.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Ours.Dispose();
        Theirs.Dispose();
    }
}
