using System.Collections.Concurrent;
using System.Text;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// Where prepared sandboxes say that they are ready: one named pipe for all of them, read by one thread. Each writes its instance's
/// name and a line break, which a pipe takes as a whole.
/// </summary>
internal sealed class GvisorAnnouncements : IDisposable
{
    private const uint OwnerOnly = 0x180;
    private const int BufferBytes = 4096;
    private const byte LineBreak = (byte)'\n';

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _expected = new(StringComparer.Ordinal);
    private readonly FileStream _pipe;
    private readonly Thread _thread;
    private volatile bool _stopping;

    /// <exception cref="IOException">The pipe cannot be made.</exception>
    internal GvisorAnnouncements(string path)
    {
        Path = path;

        // One that was made before something else went wrong.
        File.Delete(path);
        MakePipe(path);
        _pipe = OpenPipe(path);
        _thread = new Thread(ReadAll) { IsBackground = true, Name = "virga-gvisor" };
        _thread.Start();
    }

    internal string Path { get; }

    internal static void MakePipe(string path)
    {
        if (Libc.MakeFifo(path, OwnerOnly) != 0)
        {
            throw SystemCallException.Last($"mkfifo {path}");
        }
    }

    /// <summary>Opens a pipe for both directions: opening does not wait, and while it is open nobody who reads it sees its end.</summary>
    internal static FileStream OpenPipe(string path) => new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>Completes when the sandbox of the instance is prepared; to be called before it is started.</summary>
    internal Task Expect(string instance)
    {
        var announced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _expected[instance] = announced;
        return announced.Task;
    }

    /// <summary>The instance will not announce itself any more.</summary>
    internal void Forget(string instance) => _expected.TryRemove(instance, out _);

    public void Dispose()
    {
        _stopping = true;
        _pipe.Write("\n"u8);
        _thread.Join();
        _pipe.Dispose();
    }

    private void ReadAll()
    {
        Span<byte> buffer = stackalloc byte[BufferBytes];
        int kept = 0;
        while (!_stopping)
        {
            kept += _pipe.Read(buffer[kept..]);
            while (buffer[..kept].IndexOf(LineBreak) is >= 0 and var end)
            {
                if (_expected.TryRemove(Encoding.UTF8.GetString(buffer[..end]), out TaskCompletionSource? announced))
                {
                    announced.TrySetResult();
                }

                buffer[(end + 1)..kept].CopyTo(buffer);
                kept -= end + 1;
            }
        }
    }
}
