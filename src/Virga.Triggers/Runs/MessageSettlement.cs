using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Triggers.Calls;
using Virga.Triggers.Dispatching;
using Virga.Triggers.Letters;

namespace Virga.Triggers.Runs;

/// <summary>What becomes of messages when their call has ended: dealt with, to be tried again, or given up. What they lead to is published before that is known.</summary>
internal sealed partial class MessageSettlement(TriggerDefinition trigger, SubscriptionName subscription, Outbox outbox, TriggerCounters counters, TimeProvider time, ILogger logger)
{
    private static readonly Problem SaidToFail = KnownProblems.FunctionError("failed", "The function says that it has failed at the message.", null);

    private readonly TopicName? _output = trigger.Spec.Output is { } output ? TopicName.Parse(output, trigger.Name.Scope) : null;

    private TriggerSpec Spec => trigger.Spec;

    /// <summary>Settles the messages of a call.</summary>
    /// <returns>For each message, whether it comes again.</returns>
    public async ValueTask<bool[]> SettleAsync(List<HeldMessage> messages, CallOutcome outcome, CancellationToken stopping)
    {
        var again = new bool[messages.Count];
        switch (outcome)
        {
            case CallOutcome.Refused:
                Array.Fill(again, true);
                break;
            case CallOutcome.Failed failed when messages.Count > 1:
                // One of them may be bad: nothing is known of the others, so each is tried by itself.
                foreach (var message in messages)
                {
                    message.IsAlone = true;
                    message.Cause = failed.Problem;
                }

                counters.Failed(messages.Count, failed.Problem);
                Array.Fill(again, true);
                break;
            case CallOutcome.Failed failed:
                again[0] = await FailAsync(messages[0], failed.Problem, stopping);
                break;
            case CallOutcome.Answered answered:
                await AnswerAsync(messages, answered, again, stopping);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(outcome), outcome, null);
        }

        return again;
    }

    // First those at which the function has failed, so that nothing is published of what stands behind one that comes again. What is left is published together.
    private async ValueTask AnswerAsync(List<HeldMessage> messages, CallOutcome.Answered answered, bool[] again, CancellationToken stopping)
    {
        if (answered.FailedAt is { } failed)
        {
            await FailAsync(messages, failed, again, stopping);
        }

        if (answered.Answers is { } answers)
        {
            await PublishAsync(messages, answers, answered.FailedAt, again, stopping);
        }
    }

    private async ValueTask FailAsync(List<HeldMessage> messages, bool[] failed, bool[] again, CancellationToken stopping)
    {
        var blocked = new HashSet<object>();
        for (var i = 0; i < messages.Count; i++)
        {
            var lane = messages[i].Lane;
            again[i] = (lane is not null && blocked.Contains(lane)) || (failed[i] && await FailAsync(messages[i], SaidToFail, stopping));
            if (again[i] && lane is not null)
            {
                blocked.Add(lane);
            }
        }
    }

    private async ValueTask PublishAsync(List<HeldMessage> messages, OutputMessage?[] answers, bool[]? failed, bool[] again, CancellationToken stopping)
    {
        var publishing = new Task<bool>?[messages.Count];
        for (var i = 0; i < messages.Count; i++)
        {
            if (answers[i] is { } answer && !again[i] && failed?[i] != true)
            {
                publishing[i] = outbox.PublishAsync(_output!.Value, Make(answer), stopping).AsTask();
            }
        }

        for (var i = 0; i < messages.Count; i++)
        {
            try
            {
                if (publishing[i] is { } published && !await published)
                {
                    again[i] = true;
                }
            }
            catch (ProblemException e)
            {
                // The answer cannot be published, now or later: as good as none.
                again[i] = await FailAsync(messages[i], e.Problem, stopping);
            }
        }
    }

    // Whether it comes again.
    private async ValueTask<bool> FailAsync(HeldMessage message, Problem problem, CancellationToken stopping)
    {
        counters.Failed(1, problem);
        if (stopping.IsCancellationRequested)
        {
            // The instance may have been ended by the node's own end: the next node counts for itself.
            return true;
        }

        message.Failures++;
        message.Cause = problem;
        if (message.Failures < Spec.Retry.Attempts)
        {
            message.DueAt = time.GetTimestamp() + Math.Max(1, (long)(Spec.Retry.Backoff.After(message.Failures).TotalSeconds * time.TimestampFrequency));
            return true;
        }

        if (!await BuryAsync(message, stopping))
        {
            return true;
        }

        counters.Buried();
        return false;
    }

    private async ValueTask<bool> BuryAsync(HeldMessage message, CancellationToken stopping)
    {
        if (DeadLetter.TopicOf(trigger, subscription, message.Message) is not { } topic)
        {
            LogDropped(trigger.Name.ToString(), message.Message.Id.ToString(), message.Message.Topic.ToString(), message.Failures, message.Cause?.Detail);
            return true;
        }

        while (true)
        {
            try
            {
                if (!await outbox.PublishAsync(topic, DeadLetter.Make(trigger, subscription, message), stopping))
                {
                    return false;
                }

                LogBuried(trigger.Name.ToString(), message.Message.Id.ToString(), message.Message.Topic.ToString(), topic.ToString(), message.Failures, message.Cause?.Detail);
                return true;
            }
            catch (ProblemException e)
            {
                // Nothing is thrown away because the topic for what is given up does not take it: somebody has to mend that.
                LogNotBuried(topic.ToString(), e.Message);
                if (!await WaitAsync(stopping))
                {
                    return false;
                }
            }
        }
    }

    private async ValueTask<bool> WaitAsync(CancellationToken stopping)
    {
        try
        {
            await Task.Delay(Spec.Retry.Backoff.Max.Span + TimeSpan.FromSeconds(1), time, stopping);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static OutgoingMessage Make(OutputMessage output) => new()
    {
        Payload = output.Payload,
        Key = output.Key,
        Properties = MessageContent.Guess(output.Payload.Span) == output.ContentType ? [] : [new(MessageJson.ContentTypeProperty, output.ContentType)],
    };

    [LoggerMessage(LogLevel.Warning, "{Trigger} gave up the message {Message} of {Topic}, which is in {DeadLetters} now, after {Attempts} attempts: {Cause}")]
    private partial void LogBuried(string trigger, string message, string topic, string deadLetters, int attempts, string? cause);

    [LoggerMessage(LogLevel.Warning, "{Trigger} dropped the message {Message} of {Topic} after {Attempts} attempts: {Cause}")]
    private partial void LogDropped(string trigger, string message, string topic, int attempts, string? cause);

    [LoggerMessage(LogLevel.Error, "A dead letter cannot be published to {Topic}; it waits: {Reason}")]
    private partial void LogNotBuried(string topic, string reason);
}
