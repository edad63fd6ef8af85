using Microsoft.Win32.SafeHandles;

namespace Virga.Execution.Processes;

/// <summary>
/// An owned file descriptor for a child to inherit. Its number is always above the ones that a child's own
/// descriptors are placed at, so that placing one never overwrites another.
/// </summary>
internal sealed class Descriptor : SafeHandleMinusOneIsInvalid
{
    private const int FirstNumber = 16;

    private Descriptor(int number)
        : base(ownsHandle: true)
    {
        SetHandle(number);
    }

    internal int Number => (int)handle;

    /// <summary>Takes ownership of <paramref name="number"/>, moving it upwards when it is one of the lowest.</summary>
    internal static Descriptor Own(int number)
    {
        if (number >= FirstNumber)
        {
            return new Descriptor(number);
        }

        int moved = Libc.Fcntl(number, Libc.DuplicateCloseOnExec, FirstNumber);
        SystemCallException? failure = moved < 0 ? SystemCallException.Last("fcntl(F_DUPFD_CLOEXEC)") : null;
        _ = Libc.Close(number);
        return failure is null ? new Descriptor(moved) : throw failure;
    }

    /// <summary>An anonymous file in memory that holds <paramref name="content"/>, to be read from its start.</summary>
    internal static unsafe Descriptor Memory(string name, ReadOnlySpan<byte> content)
    {
        const uint closeOnExec = 1;
        int number = Libc.MemfdCreate(name, closeOnExec);
        if (number < 0)
        {
            throw SystemCallException.Last("memfd_create");
        }

        Descriptor file = Own(number);
        fixed (byte* bytes = content)
        {
            for (int written = 0; written < content.Length;)
            {
                nint count = Libc.Write(file.Number, bytes + written, (nuint)(content.Length - written));
                if (count < 0)
                {
                    SystemCallException failure = SystemCallException.Last("write(memfd)");
                    file.Dispose();
                    throw failure;
                }

                written += (int)count;
            }
        }

        _ = Libc.Seek(file.Number, 0, 0);
        return file;
    }

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
