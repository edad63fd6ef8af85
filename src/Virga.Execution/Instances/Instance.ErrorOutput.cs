using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Virga.Core.Logging;

namespace Virga.Execution.Instances;

/// <summary>What a worker's process, or a child of it, writes to its standard error: log lines of the instance.</summary>
internal sealed partial class Instance
{
    private const int MaxLine = 16 << 10;

    private string _lastErrorOutput = "";

    private string LastErrorOutput => Volatile.Read(ref _lastErrorOutput);

    private async Task ReadErrorOutputAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxLine);
        var held = 0;
        try
        {
            while (true)
            {
                var read = await _process.ErrorOutput.ReceiveAsync(buffer.AsMemory(held, MaxLine - held), SocketFlags.None);
                if (read == 0)
                {
                    break;
                }

                held += read;
                held = TakeLines(buffer, held);
            }

            if (held > 0)
            {
                OnErrorLine(buffer.AsSpan(0, held));
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The sandbox was disposed while its last child still held the stream open.
            if (held > 0)
            {
                OnErrorLine(buffer.AsSpan(0, held));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int TakeLines(byte[] buffer, int held)
    {
        var start = 0;
        while (buffer.AsSpan(start, held - start).IndexOf((byte)'\n') is var length and >= 0)
        {
            OnErrorLine(buffer.AsSpan(start, length));
            start += length + 1;
        }

        if (start == 0 && held == MaxLine)
        {
            OnErrorLine(buffer.AsSpan(0, held));
            return 0;
        }

        buffer.AsSpan(start, held - start).CopyTo(buffer);
        return held - start;
    }

    private void OnErrorLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return;
        }

        var text = Encoding.UTF8.GetString(line);
        Volatile.Write(ref _lastErrorOutput, text);
        WriteLog(null, FunctionLogLevel.Error, text, null);
    }
}
