using Microsoft.Extensions.Logging;
using Virga.Core.Nodes;
using Virga.Topics.Brokers;
using Virga.Topics.Names;

namespace Virga.Topics.Clients;

/// <summary>Tells when topics may have grown, appeared or moved: when this node hears of it, and from time to time for what other nodes did. One call at a time.</summary>
internal sealed partial class TopicWatch : IAsyncDisposable
{
    private readonly TopicBroker _broker;
    private readonly INodeLink? _link;
    private readonly Func<TopicName, bool> _concerns;
    private readonly Func<CancellationToken, ValueTask> _look;
    private readonly TimeSpan _period;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _running;
    private TaskCompletionSource _changed = NewSignal();

    /// <param name="broker">What says that topics of this node have changed.</param>
    /// <param name="link">What says that nodes have come or gone, where that matters.</param>
    /// <param name="concerns">Whether a topic is of interest.</param>
    /// <param name="look">What is called.</param>
    /// <param name="period">How often it is called at least.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears when a call fails; the next one comes all the same.</param>
    public TopicWatch(TopicBroker broker, INodeLink? link, Func<TopicName, bool> concerns, Func<CancellationToken, ValueTask> look, TimeSpan period, TimeProvider time, ILogger logger)
    {
        (_broker, _link, _concerns, _look, _period, _time, _logger) = (broker, link, concerns, look, period, time, logger);
        _broker.Changed += TopicChanged;
        if (_link is not null)
        {
            _link.ViewChanged += NodesChanged;
        }

        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _broker.Changed -= TopicChanged;
        if (_link is not null)
        {
            _link.ViewChanged -= NodesChanged;
        }

        await _closing.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }

    /// <summary>Has it looked at once.</summary>
    public void Wake() => Volatile.Read(ref _changed).TrySetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void TopicChanged(TopicName topic)
    {
        if (_concerns(topic))
        {
            Wake();
        }
    }

    private void NodesChanged(ClusterView view) => Wake();

    private async Task RunAsync()
    {
        while (true)
        {
            try
            {
                await Volatile.Read(ref _changed).Task.WaitAsync(_period, _time, _closing.Token);
            }
            catch (TimeoutException)
            {
                // Nothing was heard of; other nodes may know more.
                Wake();
            }

            // A change while it looks is looked at next.
            Volatile.Write(ref _changed, NewSignal());
            try
            {
                await _look(_closing.Token);
            }
            catch (Exception e) when (!_closing.IsCancellationRequested)
            {
                LogFailed(e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Topics cannot be looked through now; the next change or a while later they are again")]
    private partial void LogFailed(Exception e);
}
