using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Triggers.Letters;

/// <summary>Publishes what a trigger publishes: what a message leads to is published before the message is acknowledged, so that it is not lost.</summary>
internal sealed partial class Outbox(TopicClient topics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary>Publishes a message; where the platform does not take it now, again and again.</summary>
    /// <returns>False when <paramref name="stopping"/> came before it was published.</returns>
    /// <exception cref="ProblemException">The topic refuses the message.</exception>
    public async ValueTask<bool> PublishAsync(TopicName topic, OutgoingMessage message, CancellationToken stopping)
    {
        for (var wait = FirstWait; ; wait = wait + wait < LongestWait ? wait + wait : LongestWait)
        {
            try
            {
                await topics.PublishAsync(topic, message, stopping);
                return true;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return false;
            }
            catch (ProblemException e) when (e.Problem.Fault is Fault.Platform or Fault.Limit)
            {
                LogWaiting(topic.ToString(), e.Message);
            }

            try
            {
                await Task.Delay(wait, time, stopping);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "A message cannot be published to {Topic} for now, and is tried again: {Reason}")]
    private partial void LogWaiting(string topic, string reason);
}
