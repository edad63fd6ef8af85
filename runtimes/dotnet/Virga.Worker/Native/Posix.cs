using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Virga.Worker.Native;

/// <summary>The system calls with which the worker reaches its channel, without a layer between.</summary>
internal static unsafe partial class Posix
{
    private const int InterruptedError = 4;
    private const int TryAgainError = 11;
    private const int DuplicateCloseOnExec = 1030;
    private const int OpenReadWrite = 2;
    private const int OpenCloseOnExec = 0x80000;
    private const short PollIn = 1;
    private const short PollOut = 4;

    /// <summary>Reads what there is, and waits for something when there is nothing.</summary>
    /// <returns>How many bytes were read; 0 at the end of the channel.</returns>
    public static int Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = ReadFrom(descriptor, start, (nuint)buffer.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                if (!ShouldTryAgain(descriptor, PollIn))
                {
                    return 0;
                }
            }
        }
    }

    /// <summary>Writes all of it, and waits while the reader is slower.</summary>
    /// <returns>Whether anyone reads the channel.</returns>
    public static bool Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int written = 0;
            while (written < bytes.Length)
            {
                nint count = WriteTo(descriptor, start + written, (nuint)(bytes.Length - written));
                if (count >= 0)
                {
                    written += (int)count;
                }
                else if (!ShouldTryAgain(descriptor, PollOut))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>A private copy of a descriptor that no child process inherits.</summary>
    public static int Duplicate(int descriptor) => Check(Control(descriptor, DuplicateCloseOnExec, 3));

    /// <summary>Lets a descriptor mean what another one means.</summary>
    public static void Redirect(int from, int to) => Check(Duplicate2(to, from));

    /// <summary>Opens the device that reads as empty and swallows what is written.</summary>
    public static int OpenNull()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            return Check(Open(path, OpenReadWrite | OpenCloseOnExec, 0));
        }
    }

    public static void Close(int descriptor) => Check(CloseDescriptor(descriptor));

    /// <summary>Ends the process at once: no finalizer, no handler of the user's can delay it.</summary>
    [DoesNotReturn]
    public static void ExitNow(int code)
    {
        ExitProcess(code);
        throw new InvalidOperationException("The process outlived its exit.");
    }

    private static bool ShouldTryAgain(int descriptor, short events)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error == TryAgainError)
        {
            var wanted = new PollDescriptor { Descriptor = descriptor, Events = events };
            Poll(&wanted, 1, -1);
        }

        return error is TryAgainError or InterruptedError;
    }

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception();

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadFrom(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate2(int from, int to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int Open(byte* path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, int timeout);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitProcess(int code);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
