using System.Globalization;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Core.Streams;
using Virga.Streams.Calls;
using Virga.Topics.Brokers;
using Virga.Topics.Names;

namespace Virga.Streams.Lanes;

/// <summary>Keeps a partition's lane running: a lane that fails begins again, after a pause that grows.</summary>
internal sealed class LaneRun : IAsyncDisposable
{
    private readonly StreamFunction _stream;
    private readonly TopicName _name;
    private readonly StreamServices _services;
    private readonly FunctionCaller _caller;
    private readonly LaneFigures _figures;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private volatile StreamLane? _lane;
    private volatile Topic? _topic;
    private volatile string? _problem;
    private volatile bool _isStopped;

    /// <summary>Begins.</summary>
    public LaneRun(StreamFunction stream, TopicName name, StreamServices services, FunctionCaller caller, LaneFigures figures)
    {
        _stream = stream;
        _name = name;
        _services = services;
        _caller = caller;
        _figures = figures;
        _logger = services.Loggers.CreateLogger<LaneRun>();

        // Not on the thread of who makes it: it holds a lock.
        _running = Task.Run(() => RunAsync(_stopping.Token));
    }

    /// <summary>How it is.</summary>
    public LaneReport Report()
    {
        var (lane, problem) = (_lane, _problem);
        var subscription = _topic?.Find(SubscriptionName.Parse(StreamSubscription.Of(_stream.Name.Name.Value)));
        var state = _isStopped ? LaneState.Failed : problem is not null ? LaneState.Waiting : lane is { IsRunning: true } ? LaneState.Running : LaneState.Starting;
        return new LaneReport(
            _name.ToString(), state, subscription?.Backlog ?? 0, lane?.Held ?? 0, lane?.Watermark is { } watermark ? Instant(watermark) : null, problem);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private static string Instant(long milliseconds) => DateTimeOffset
        .FromUnixTimeMilliseconds(Math.Clamp(milliseconds, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()))
        .UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private async Task RunAsync(CancellationToken cancellation)
    {
        var failures = 0;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var topic = await _services.Broker.GetAsync(_name, TopicCreation.Always, cancellation);
                using var lane = new StreamLane(_stream, topic, _services.Broker, _services.Client, _caller, _figures, _services.Limits, _services.Time, _logger);
                (_topic, _lane, _problem) = (topic, lane, null);
                var began = _services.Time.GetTimestamp();
                try
                {
                    await lane.RunAsync(cancellation);
                }
                finally
                {
                    failures = _services.Time.GetElapsedTime(began) > TimeSpan.FromMinutes(1) ? 0 : failures;
                }

                // The topic went elsewhere: whoever owns it now runs it. This node does too if it still is the owner.
                failures++;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (StreamStoppedException e)
            {
                (_isStopped, _problem) = (true, e.Message);
                _logger.LaneStopped(_stream.Name, _name, e.Message);
                return;
            }
            catch (Exception e)
            {
                failures++;
                var cause = e is ProblemException { Problem: var problem } ? $"{problem.Detail} ({problem.Slug})" : e.Message;
                _problem = cause;
                _logger.LaneFailed(e, _stream.Name, _name, cause);
            }

            try
            {
                await Task.Delay(RetryPause.After(failures), _services.Time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
