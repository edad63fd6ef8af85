using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Virga.Execution.Processes;

/// <summary>
/// Waits for children and reaps them: one thread for all, woken by the kernel through a pidfd per child. .NET's own
/// child handling leaves children alone that it did not start.
/// </summary>
internal sealed unsafe class ChildReaper : IDisposable
{
    private const int Add = 1;
    private const int Remove = 2;
    private const uint Readable = 1;
    private const int MaxEvents = 32;
    private const ulong StopToken = 0;

    // struct epoll_event is packed on x86-64 only: u32 events, u64 data.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_eventBytes = s_dataOffset + sizeof(ulong);

    private readonly ConcurrentDictionary<int, ChildProcess> _children = new();
    private readonly Descriptor _epoll;
    private readonly SocketPair _stop;
    private readonly Thread _thread;

    internal ChildReaper()
    {
        int epoll = Libc.EpollCreate(Libc.OpenReadOnlyCloseOnExec);
        _epoll = epoll < 0 ? throw SystemCallException.Last("epoll_create1") : Descriptor.Own(epoll);
        _stop = SocketPair.Create();
        Control(Add, _stop.Theirs.Number, StopToken);
        _thread = new Thread(WatchAll) { IsBackground = true, Name = "virga-reap" };
        _thread.Start();
    }

    /// <summary>Watches the child <paramref name="pid"/>, which is reaped when it ends; to be called once per child.</summary>
    internal ChildProcess Watch(int pid)
    {
        // The pid cannot be another process by now: the child is ours and nobody else reaps it.
        int number = (int)Libc.SystemCall(Libc.PidfdOpen, pid, 0, 0, 0, 0);
        if (number < 0)
        {
            throw SystemCallException.Last("pidfd_open");
        }

        var child = new ChildProcess(pid, Descriptor.Own(number));
        _children[pid] = child;
        Control(Add, child.Handle.Number, (ulong)pid);
        return child;
    }

    /// <summary>Watches the child, or kills and reaps it when it cannot be watched.</summary>
    internal ChildProcess WatchOrAbandon(int pid)
    {
        try
        {
            return Watch(pid);
        }
        catch (SystemCallException)
        {
            Abandon(pid);
            throw;
        }
    }

    private static void Abandon(int pid)
    {
        int status;
        _ = Libc.Kill(pid, Libc.SignalKill);
        while (Libc.WaitPid(pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted)
        {
        }
    }

    public void Dispose()
    {
        _stop.Ours.Dispose();
        _thread.Join();
        _stop.Dispose();
        _epoll.Dispose();
    }

    private void WatchAll()
    {
        byte* events = stackalloc byte[MaxEvents * s_eventBytes];
        while (true)
        {
            int count = Libc.EpollWait(_epoll.Number, events, MaxEvents, -1);
            if (count < 0 && Marshal.GetLastPInvokeError() != Libc.Interrupted)
            {
                throw SystemCallException.Last("epoll_wait");
            }

            for (int i = 0; i < count; i++)
            {
                ulong token = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(events + (i * s_eventBytes) + s_dataOffset, sizeof(ulong)));
                if (token == StopToken)
                {
                    return;
                }

                Reap((int)token);
            }
        }
    }

    private void Reap(int pid)
    {
        if (!_children.TryRemove(pid, out ChildProcess? child))
        {
            return;
        }

        Control(Remove, child.Handle.Number, 0);
        int status;
        int reaped;
        do
        {
            reaped = Libc.WaitPid(pid, &status, 0);
        }
        while (reaped < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);

        if (reaped == pid)
        {
            child.Complete(ProcessExit.FromWaitStatus(status));
        }
        else
        {
            child.Fail(SystemCallException.Last($"waitpid {pid}"));
        }
    }

    private void Control(int operation, int descriptor, ulong token)
    {
        byte* change = stackalloc byte[s_eventBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(change, sizeof(uint)), Readable);
        BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(change + s_dataOffset, sizeof(ulong)), token);
        if (Libc.EpollControl(_epoll.Number, operation, descriptor, change) != 0)
        {
            throw SystemCallException.Last("epoll_ctl");
        }
    }
}
