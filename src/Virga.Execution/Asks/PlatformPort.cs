using System.Buffers;
using Microsoft.Extensions.Logging;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Execution.Asks;

/// <summary>Where the requests of all functions of a node go. Counts those that are being answered, so that nothing is taken away from under them at the end.</summary>
internal sealed partial class PlatformPort(IPlatformCalls calls, ILogger logger)
{
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the port itself, until it closes.
    private int _open = 1;

    /// <summary>Who answers.</summary>
    public IPlatformCalls Calls => calls;

    /// <summary>An answer is begun that takes a while.</summary>
    public void Begin() => Interlocked.Increment(ref _open);

    /// <summary>It has ended.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _idle.TrySetResult();
        }
    }

    /// <summary>Completes when no answer is being made any more. Called once, when no calls are open.</summary>
    public Task CloseAsync()
    {
        End();
        return _idle.Task;
    }

    /// <summary>Writes a problem as an answer.</summary>
    public static void WriteProblem(IBufferWriter<byte> answer, Problem problem)
    {
        var json = ProblemJson.Format(problem).Span;
        var span = answer.GetSpan(json.Length + 1);
        span[0] = 1;
        json.CopyTo(span[1..]);
        answer.Advance(json.Length + 1);
    }

    /// <summary>What an exception means for whoever asked.</summary>
    public Problem ProblemOf(Exception exception, Invocation call)
    {
        if (exception is ProblemException { Problem: var problem })
        {
            return problem;
        }

        LogFailed(logger, call.Id, call.Function, exception);
        return KnownProblems.Internal($"A request of the function failed: {exception.Message}");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Invocation {Id} of {Function}: a request failed")]
    private static partial void LogFailed(ILogger logger, Core.Names.InvocationId id, Core.Resources.FunctionVersion function, Exception exception);
}
