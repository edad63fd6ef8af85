using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Errors;
using Virga.Pulsar.Protocol;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Commands;

/// <summary>A request of a client that gets one answer: SUCCESS or a command of its own, or what says that it failed.</summary>
/// <param name="connection">Whose.</param>
/// <param name="id">Its number on the connection.</param>
/// <param name="refusal">Makes the answer that says that it failed; null for ERROR.</param>
internal sealed partial class Request(PulsarConnection connection, ulong id, Func<ServerError, string, BaseCommand>? refusal = null)
{
    /// <summary>Begins to run it; where there are too many it is refused.</summary>
    public bool TryBegin()
    {
        if (connection.Requests.TryBegin())
        {
            return true;
        }

        Refuse(ServerError.TooManyRequests, "The connection has too many requests under way. Wait for some of them.");
        return false;
    }

    /// <summary>Runs it, after <see cref="TryBegin"/>; its failure becomes its answer. The connection waits for it before it ends.</summary>
    /// <param name="work">What is done.</param>
    /// <param name="undo">What is undone when it fails.</param>
    public async Task RunAsync(Func<CancellationToken, ValueTask> work, Action? undo = null)
    {
        // The reader goes on with the next frame.
        await Task.Yield();
        try
        {
            await work(connection.Ended);
        }
        catch (ProblemException e)
        {
            undo?.Invoke();
            Refuse(e.Problem);
        }
        catch (OperationCanceledException) when (connection.Ended.IsCancellationRequested)
        {
            undo?.Invoke();
        }
        catch (Exception e)
        {
            undo?.Invoke();
            LogFailed(connection.Services.Logger, connection.Remote, e);
            Refuse(ServerError.UnknownError, "The broker itself failed. See the node's log.");
        }
        finally
        {
            connection.Requests.End();
        }
    }

    /// <summary>It is done.</summary>
    public void Succeed() => Answer(new BaseCommand { Type = CommandType.Success, Success = new CommandSuccess { RequestId = id } });

    /// <summary>It is done; the answer says more.</summary>
    public void Answer(BaseCommand answer) => connection.Output.Write(answer);

    /// <summary>It is not done.</summary>
    public void Refuse(Problem problem) => Refuse(ServerErrors.Of(problem), ServerErrors.Text(problem));

    /// <summary>It is not done.</summary>
    public void Refuse(ServerError error, string text) =>
        Answer(refusal?.Invoke(error, text) ?? new BaseCommand { Type = CommandType.Error, Error = new CommandError { RequestId = id, Error = error, Message = text } });

    [LoggerMessage(Level = LogLevel.Error, Message = "A request of the Pulsar client at {Client} has failed.")]
    private static partial void LogFailed(ILogger logger, string client, Exception exception);
}
