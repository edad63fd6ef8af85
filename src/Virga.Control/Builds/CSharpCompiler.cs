using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Virga.Control.Builds;

/// <summary>
/// The compiler process: one JSON request per line to its standard input, one answer per line from its standard output. It is started when it is first needed, started anew when it
/// died, and ended when it had no work for a while. It serves one request at a time.
/// </summary>
internal sealed partial class CSharpCompiler : IAsyncDisposable
{
    private readonly BuildOptions _options;
    private readonly ILogger<CSharpCompiler> _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ITimer _idle;
    private Process? _process;
    private int _lastId;

    public CSharpCompiler(BuildOptions options, TimeProvider time, ILogger<CSharpCompiler> logger)
    {
        _options = options;
        _logger = logger;
        _idle = time.CreateTimer(static state => ((CSharpCompiler)state!).EndWhenIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Starts the process, so that the first compilation finds it loaded. Does nothing when this node has no compiler.</summary>
    public async Task WarmUpAsync(CancellationToken cancellation)
    {
        if (_options.CSharpCompilerPath is null)
        {
            return;
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            EnsureStarted();
        }
        finally
        {
            Rest();
        }
    }

    /// <summary>Compiles the sources of one folder into another.</summary>
    /// <exception cref="Core.Problems.ProblemException"><c>build-failed</c> when it takes too long or the compiler dies of it; <c>unavailable</c> when there is no compiler.</exception>
    public async Task<CompileAnswer> CompileAsync(string source, string output, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(_options.Timeout);
            return await AskAsync(new CompileRequest(++_lastId, source, output, "function"), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw BuildFailures.TimedOut(_options.Timeout);
        }
        finally
        {
            Rest();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _idle.DisposeAsync();
        await _turn.WaitAsync();
        Drop();
        _turn.Release();
    }

    [LoggerMessage(LogLevel.Debug, "Compiler: {Line}")]
    private static partial void LogCompiler(ILogger logger, string line);

    private async Task<CompileAnswer> AskAsync(CompileRequest request, CancellationToken cancellation)
    {
        var process = EnsureStarted();
        var answered = false;
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, BuildJson.Default.CompileRequest).AsMemory(), cancellation);
            await process.StandardInput.FlushAsync(cancellation);
            var line = await process.StandardOutput.ReadLineAsync(cancellation) ?? throw new EndOfStreamException("The compiler process ended.");
            var answer = JsonSerializer.Deserialize(line, BuildJson.Default.CompileAnswer);
            if (answer?.Id != request.Id)
            {
                throw new InvalidDataException("The compiler process answered another request.");
            }

            answered = true;
            return answer;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or JsonException)
        {
            throw BuildFailures.Failed([new BuildDiagnostic(null, 0, 0, null, $"{exception.Message} Deploy again; a new one will be started.")]);
        }
        finally
        {
            // After a timeout or a fault its next line could belong to this request: only a new process is known to be in step.
            if (!answered)
            {
                Drop();
            }
        }
    }

    private Process EnsureStarted()
    {
        if (_process is { HasExited: false } running)
        {
            return running;
        }

        Drop();
        var path = _options.CSharpCompilerPath
            ?? throw BuildFailures.NoBuilder("C# compiler", "Deploy a published assembly, or set the path of virga-compiler in the node's configuration.");
        var isLibrary = path.EndsWith(".dll", StringComparison.Ordinal);
        var process = BuilderProcess.Start(new ProcessStartInfo(isLibrary ? _options.DotnetPath : path, isLibrary ? [path] : [])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // The runtime's diagnostic sockets would be left in the temporary folder each time the compiler is ended.
            Environment = { ["DOTNET_EnableDiagnostics"] = "0" },
        });
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                LogCompiler(_logger, text);
            }
        };
        process.BeginErrorReadLine();
        _process = process;
        return process;
    }

    private void Rest()
    {
        _idle.Change(_options.CompilerIdleTime, Timeout.InfiniteTimeSpan);
        _turn.Release();
    }

    private void EndWhenIdle()
    {
        // A request that is running now will wind up the timer again when it is done.
        if (!_turn.Wait(TimeSpan.Zero))
        {
            return;
        }

        Drop();
        _turn.Release();
    }

    private void Drop()
    {
        if (_process is { } process)
        {
            _process = null;
            BuilderProcess.End(process);
            process.Dispose();
        }
    }
}
