using System.Net.Sockets;
using System.Text;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// A process that keeps up a sandbox's network. It says a word at each step of its beginning, and it ends when its socket is closed: with
/// the node, whichever way the node ends.
/// </summary>
internal sealed class NetworkHelper : IAsyncDisposable
{
    private const int KeptErrorBytes = 1024;

    private readonly ChildProcess _child;
    private readonly Socket _words;
    private readonly Socket _errors;
    private readonly Task<string> _errorOutput;

    internal NetworkHelper(ChildProcess child, Socket words, Socket errors)
    {
        _child = child;
        _words = words;
        _errors = errors;
        _errorOutput = ReadErrorsAsync();
    }

    internal int Pid => _child.Pid;

    /// <summary>Completes once the process has ended.</summary>
    internal Task<ProcessExit> Exited => _child.Exit;

    /// <summary>The last of what the process, which is ended by this, has written to its outputs.</summary>
    internal string ErrorOutput
    {
        get
        {
            _child.Kill();
            return _errorOutput.GetAwaiter().GetResult();
        }
    }

    /// <summary>Waits for a word on this thread; false when the process ends before it, or the time is over.</summary>
    internal bool SaysInTime(TimeSpan timeout) =>
        _words.Poll(timeout, SelectMode.SelectRead) && _words.Receive(new byte[1]) > 0;

    /// <summary>Waits for a word; false when the process ends before it.</summary>
    internal async Task<bool> SaysAsync() => await _words.ReceiveAsync(new byte[1], SocketFlags.None) > 0;

    /// <summary>What the process has written to its outputs, after it has ended.</summary>
    internal Task<string> ErrorOutputAsync() => _errorOutput;

    /// <summary>Ends the process without waiting for its end.</summary>
    internal void Abandon()
    {
        _child.Kill();
        _words.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Abandon();
        _ = await _child.Exit;
        _ = await _errorOutput;
        _errors.Dispose();
        _child.Dispose();
    }

    /// <summary>Reads until the end, so that the process never waits for a reader, and keeps the last bytes.</summary>
    private async Task<string> ReadErrorsAsync()
    {
        var last = string.Empty;
        var bytes = new byte[KeptErrorBytes];
        for (int count; (count = await _errors.ReceiveAsync(bytes, SocketFlags.None)) > 0;)
        {
            last += Encoding.UTF8.GetString(bytes, 0, count);
            last = last[Math.Max(0, last.Length - KeptErrorBytes)..];
        }

        return last.Trim();
    }
}
