using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Triggers;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using Virga.Triggers.Calls;
using Virga.Triggers.Dispatching;
using Virga.Triggers.Letters;

namespace Virga.Triggers.Runs;

/// <summary>
/// One version of a trigger while it runs on this node: takes messages of the topics that the node owns, calls the function, and acknowledges what is dealt with. One loop owns the messages; calls run
/// beside it and come back to it.
/// </summary>
internal sealed partial class TriggerRun : IAsyncDisposable
{
    private const int LeastHeld = 100;
    private const int MostHeld = 10_000;
    private const long MostHeldBytes = 64L << 20;

    private static readonly TimeSpan FirstHold = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(5);

    private readonly TriggerServices _services;
    private readonly SubscriptionName _subscription;
    private readonly TriggerCaller _caller;
    private readonly MessageSettlement _settlement;
    private readonly TriggerCounters _counters = new();
    private readonly DispatchQueue _queue;
    private readonly ConcurrencyLimit _limit;
    private readonly ConcurrentQueue<EndedCall> _ended = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _breaking = new();
    private readonly ITimer _timer;
    private readonly ILogger _logger;
    private readonly Task _running;

    // Of the loop; others read them for figures.
    private ITopicConsumer? _consumer;
    private IReadOnlyList<TopicName> _topics = [];
    private int _inFlight;
    private int _refusals;
    private long _heldUntil;
    private volatile TriggerState _state = TriggerState.Connecting;
    private volatile string? _problem;

    private TriggerRun(TriggerDefinition trigger, TriggerServices services)
    {
        Trigger = trigger;
        _services = services;
        _logger = services.Logger;
        _subscription = SubscriptionName.Parse(Source.Subscription ?? trigger.Name.Name.Value);
        _caller = new TriggerCaller(trigger, services.Functions, services.Invoker, services.Random, services.Time);
        _settlement = new MessageSettlement(trigger, _subscription, new Outbox(services.Topics, services.Time, _logger), _counters, services.Time, _logger);
        _queue = new DispatchQueue(Spec.Batch, Ticks(Spec.Batch.MaxWait.Span));
        _limit = new ConcurrencyLimit(Spec.Concurrency ?? 1);
        _timer = services.Time.CreateTimer(static state => ((TriggerRun)state!).Signal(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _running = Task.Run(RunAsync);
    }

    /// <summary>What runs.</summary>
    public TriggerDefinition Trigger { get; }

    private TriggerSpec Spec => Trigger.Spec;

    private TopicSource Source => Spec.Source.Topic!;

    private int Capacity => Math.Clamp(2 * _limit.Bound * Spec.Batch.MaxMessages, LeastHeld, MostHeld);

    /// <summary>Begins.</summary>
    public static TriggerRun Start(TriggerDefinition trigger, TriggerServices services) => new(trigger, services);

    /// <summary>How it fares.</summary>
    public TriggerFigures Figures() => new()
    {
        Name = Trigger.Name.Name.Value,
        Node = _services.Node.Value,
        State = _state,
        Problem = _problem,
        Topics = [.. _topics.Select(static topic => topic.ToString())],
        Backlog = Volatile.Read(ref _consumer)?.Backlog ?? 0,
        Held = _queue.Held,
        Retrying = _queue.Delayed,
        InFlight = Volatile.Read(ref _inFlight),
        Concurrency = _limit.Current,
        Calls = _counters.Calls,
        Handled = _counters.Handled,
        Failures = _counters.Failures,
        Rejections = _counters.Rejections,
        DeadLetters = _counters.DeadLetters,
        LastFailure = _counters.LastFailure,
    };

    /// <summary>Takes no more messages, waits for the calls that run, and gives back what is not dealt with: it is delivered again, to whoever consumes next.</summary>
    /// <param name="patience">Breaks calls off that still run.</param>
    public async Task StopAsync(CancellationToken patience)
    {
        await _stopping.CancelAsync();
        Signal();
        await using (patience.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _breaking))
        {
            await _running;
        }
    }

    /// <summary>Called when it has stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _stopping.Dispose();
        _breaking.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "The trigger {Trigger} cannot consume for now, and tries again: {Reason}")]
    private partial void LogNotConnected(string trigger, string reason);

    [LoggerMessage(LogLevel.Warning, "The trigger {Trigger} holds its messages back: {Reason}")]
    private partial void LogHeld(string trigger, string reason);

    [LoggerMessage(LogLevel.Error, "The trigger {Trigger} has stopped in a way that nobody has foreseen, and begins again")]
    private partial void LogBroken(string trigger, Exception exception);

    [LoggerMessage(LogLevel.Error, "A call of the trigger {Trigger} has failed in a way that nobody has foreseen; its messages come again")]
    private partial void LogUnforeseen(string trigger, Exception exception);

    private async Task RunAsync()
    {
        var wait = FirstHold;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await using var consumer = await ConnectAsync();
                wait = FirstHold;
                if (await ConsumeAsync(consumer))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (ProblemException e)
            {
                _problem = e.Message;
                if (_state != TriggerState.Connecting || wait == FirstHold)
                {
                    LogNotConnected(Trigger.Name.ToString(), e.Message);
                }

                _state = TriggerState.Connecting;
            }
            catch (Exception e)
            {
                (_state, _problem) = (TriggerState.Connecting, e.Message);
                LogBroken(Trigger.Name.ToString(), e);
            }

            await PauseAsync(wait);
            wait = wait + wait < LongestHold ? wait + wait : LongestHold;
        }
    }

    private async ValueTask<ITopicConsumer> ConnectAsync()
    {
        var selection = Source.Pattern is { } pattern
            ? TopicSelection.Matching(pattern, Trigger.Name.Scope)
            : TopicSelection.Of([.. Source.Topics.Select(topic => TopicName.Parse(topic, Trigger.Name.Scope))]);
        return await _services.Topics.SubscribeAsync(
            selection,
            new TopicConsumerOptions
            {
                Consumer = new ConsumerOptions
                {
                    Subscription = _subscription,
                    Type = Source.Type switch
                    {
                        TopicSharing.Shared => SubscriptionType.Shared,
                        TopicSharing.KeyShared => SubscriptionType.KeyShared,
                        TopicSharing.Failover => SubscriptionType.Failover,
                        _ => SubscriptionType.Exclusive,
                    },
                    Name = $"trigger {Trigger.Name.Name} on {_services.Node}",
                    Start = new MessageId(Source.From == TopicStart.Earliest ? Position.Earliest : Position.Latest),
                },
                QueueSize = Math.Clamp(Capacity, 1, 1000),
                OwnedOnly = true,
            },
            _stopping.Token);
    }

    // True when there is nothing more to do.
    private async Task<bool> ConsumeAsync(ITopicConsumer consumer)
    {
        Volatile.Write(ref _consumer, consumer);
        (_state, _problem) = (TriggerState.Running, null);
        Task<bool>? arriving = null;
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                TakeBack(consumer);
                FollowTopics(consumer);
                Receive(consumer);
                await DispatchAsync();
                if (_queue.Held < Capacity && _queue.HeldBytes < MostHeldBytes)
                {
                    if (arriving is { IsCompleted: true })
                    {
                        if (!await arriving)
                        {
                            break;
                        }

                        arriving = null;
                    }

                    arriving ??= ArriveAsync(consumer);
                }

                Arm();
                await _signal.Reader.ReadAsync(CancellationToken.None);
            }

            _state = _stopping.IsCancellationRequested ? TriggerState.Stopping : TriggerState.Ended;
            await FinishAsync(consumer);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A topic refuses the consumer, most likely. What is with the function is finished and acknowledged as far as that is possible; then it is tried again from the beginning.
            await FinishAsync(consumer);
            throw;
        }
        finally
        {
            Volatile.Write(ref _consumer, null);
            _topics = [];
            _queue.Drop(static _ => true);
        }
    }

    private async Task<bool> ArriveAsync(ITopicConsumer consumer)
    {
        try
        {
            return await consumer.WaitAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            Signal();
        }
    }

    private void Receive(ITopicConsumer consumer)
    {
        while (_queue.Held < Capacity && _queue.HeldBytes < MostHeldBytes && consumer.TryReceive(out var message))
        {
            _queue.Add(new HeldMessage { Message = message, Lane = LaneOf(message), ArrivedAt = _services.Time.GetTimestamp() });
        }
    }

    // What a topic's new owner consumes is not handled here as well.
    private void FollowTopics(ITopicConsumer consumer)
    {
        var topics = consumer.Topics;
        if (ReferenceEquals(topics, _topics) || topics.SequenceEqual(_topics))
        {
            return;
        }

        var hasLost = _topics.Any(topic => !topics.Contains(topic));
        _topics = topics;
        if (hasLost)
        {
            _queue.Drop(held => !topics.Contains(held.Message.Topic));
        }
    }

    private async ValueTask DispatchAsync()
    {
        while (_inFlight < _limit.Current && _services.Time.GetTimestamp() is var now && now >= _heldUntil && _queue.Take(now) is { } messages)
        {
            Volatile.Write(ref _inFlight, _inFlight + 1);
            FunctionVersion? version;
            try
            {
                version = await _caller.ResolveAsync(CancellationToken.None);
            }
            catch (Exception e)
            {
                // The loop waits for whatever it has counted as begun.
                Refuse(messages, e is ProblemException known ? known.Problem : KnownProblems.Internal(e.Message));
                return;
            }

            if (version is null)
            {
                Refuse(messages, KnownProblems.NotFound($"There is no function '{Spec.Function}'.", "Deploy it, or delete the trigger."));
                return;
            }

            _limit.Bound = Spec.Concurrency ?? Math.Clamp(version.Spec.Concurrency * version.Scale.Max, 1, 1000);
            _ = CallAsync(version, messages);
        }
    }

    // Ends in the queue of calls that have ended, whatever happens: the loop waits for all of them.
    private async Task CallAsync(FunctionVersion version, List<HeldMessage> messages)
    {
        var again = new bool[messages.Count];
        var isRefused = false;
        try
        {
            var outcome = await _caller.CallAsync(version, messages, _breaking.Token);
            if (outcome is CallOutcome.Refused refused)
            {
                (isRefused, _problem) = (true, refused.Problem.Detail ?? refused.Problem.Title);
            }

            again = await _settlement.SettleAsync(messages, outcome, _stopping.Token);
        }
        catch (Exception e)
        {
            if (!_breaking.IsCancellationRequested)
            {
                LogUnforeseen(Trigger.Name.ToString(), e);
            }

            // As after a refusal, so that a fault that lasts does not become a storm of calls.
            isRefused = true;
            Array.Fill(again, true);
        }

        _ended.Enqueue(new EndedCall(messages, again, isRefused));
        Signal();
    }

    private void Refuse(List<HeldMessage> messages, Problem problem)
    {
        _problem = problem.Detail;
        var again = new bool[messages.Count];
        Array.Fill(again, true);
        _ended.Enqueue(new EndedCall(messages, again, IsRefused: true));
        Signal();
    }

    private void TakeBack(ITopicConsumer consumer)
    {
        var done = new List<HeldMessage>();
        while (_ended.TryDequeue(out var call))
        {
            var wasFull = _inFlight >= _limit.Current;
            Volatile.Write(ref _inFlight, _inFlight - 1);
            done.Clear();
            _queue.Return(call.Messages, call.Again, done);
            foreach (var message in done)
            {
                consumer.Acknowledge(message.Message);
            }

            if (call.IsRefused)
            {
                Hold();
                continue;
            }

            _counters.Ended(done.Count);
            _limit.Served(hasMore: wasFull && _queue.Ready > 0);
            _refusals = 0;
            if (_state == TriggerState.Held)
            {
                (_state, _problem) = (TriggerState.Running, null);
            }
        }
    }

    // One refusal of those that come together counts: they were begun under the same limit.
    private void Hold()
    {
        _counters.Refused();
        var now = _services.Time.GetTimestamp();
        if (now < _heldUntil)
        {
            return;
        }

        _limit.Refused();
        var hold = FirstHold * Math.Pow(2, Math.Min(_refusals++, 10));
        _heldUntil = now + Ticks(hold < LongestHold ? hold : LongestHold);
        if (_state == TriggerState.Running)
        {
            _state = TriggerState.Held;
            LogHeld(Trigger.Name.ToString(), _problem ?? "");
        }
    }

    private void Arm()
    {
        var now = _services.Time.GetTimestamp();
        var next = _queue.NextAt();
        if (_heldUntil > now && (_queue.Ready > 0 || next is not null))
        {
            next = Math.Max(_heldUntil, next ?? 0);
        }

        // While no more calls are allowed, the end of one wakes the loop.
        if (next is { } at && _inFlight < _limit.Current)
        {
            var due = at > now ? _services.Time.GetElapsedTime(now, at) + TimeSpan.FromMilliseconds(1) : TimeSpan.FromMilliseconds(1);
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task FinishAsync(ITopicConsumer consumer)
    {
        // Looked at before the wait: the signal of a call that has ended may have been the one that led here.
        TakeBack(consumer);
        while (_inFlight > 0)
        {
            await _signal.Reader.ReadAsync(CancellationToken.None);
            TakeBack(consumer);
        }

        try
        {
            using var patience = new CancellationTokenSource(LongestHold, _services.Time);
            await consumer.AcknowledgedAsync(patience.Token);
        }
        catch (Exception e) when (e is ProblemException or OperationCanceledException)
        {
            // What is not acknowledged durably comes again.
            LogNotConnected(Trigger.Name.ToString(), e.Message);
        }
    }

    private object? LaneOf(TopicMessage message) => Source.Type switch
    {
        TopicSharing.Shared => null,
        TopicSharing.KeyShared => message.OrderingKey.IsEmpty ? message.Key : Convert.ToHexString(message.OrderingKey.Span),
        _ => message.Topic,
    };

    private async ValueTask PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _services.Time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // It stops, which the caller looks at next.
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _services.Time.TimestampFrequency);

    private void Signal() => _signal.Writer.TryWrite(true);
}
