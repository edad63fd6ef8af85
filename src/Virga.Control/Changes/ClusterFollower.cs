using Microsoft.Extensions.Logging;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Changes;

/// <summary>
/// Brings this node's memory up to what other nodes have changed: woken by the database, and every few seconds in case that it was not. Each change is applied
/// once, in the order of the feed; what is applied is the resource as it is stored now, so that a change that is overtaken by a later one does no harm. A node that
/// was away for longer than the feed reaches back compares everything.
/// </summary>
internal sealed partial class ClusterFollower : IAsyncDisposable
{
    private const int BatchSize = 500;

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);

    private readonly IMetadataStore _store;
    private readonly ChangeLog _changes;
    private readonly PostgresChangeSignal _signal;
    private readonly Dictionary<ResourceKind, IResourceFollower> _followers;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterFollower> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    // The cursor as it was last seen, to be read without the turn.
    private long _seen;

    public ClusterFollower(IMetadataStore store, ChangeLog changes, PostgresChangeSignal signal, IEnumerable<IResourceFollower> followers, TimeProvider time, ILogger<ClusterFollower> logger)
    {
        _store = store;
        _changes = changes;
        _signal = signal;
        _followers = followers.ToDictionary(follower => follower.Kind);
        _time = time;
        _logger = logger;
    }

    /// <summary>Follows from <see cref="ChangeLog.Cursor"/> on.</summary>
    public void Start()
    {
        _changes.CatchUpBy(CatchUpAsync);
        _running = RunAsync();
    }

    /// <summary>Follows no more; again does no harm.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
            await _running;
            _stopping.Dispose();
        }
    }

    [LoggerMessage(LogLevel.Warning, "Changes of other nodes cannot be followed for now; what is known stays in force: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(LogLevel.Error, "A change of {Key} by another node could not be put in force here; deploy it again to try again")]
    private partial void LogNotApplied(string key, Exception exception);

    [LoggerMessage(LogLevel.Information, "Other nodes' changes are followed again")]
    private partial void LogFollowing();

    [LoggerMessage(LogLevel.Warning, "This node was away for longer than the feed of changes reaches back; it has compared everything")]
    private partial void LogReloaded();

    private async Task RunAsync()
    {
        var hasFailed = false;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _signal.WaitAsync(PollInterval, _stopping.Token);
                if (await _store.NewestChangeAsync(_stopping.Token) > Volatile.Read(ref _seen))
                {
                    using var turn = await _changes.EnterLocallyAsync(_stopping.Token);
                    await CatchUpAsync(_stopping.Token);
                }

                if (hasFailed)
                {
                    hasFailed = false;
                    LogFollowing();
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (ProblemException problem)
            {
                if (!hasFailed)
                {
                    // Once: it is tried again all the time.
                    hasFailed = true;
                    LogFailed(problem.Message);
                }

                await PauseAsync();
            }
        }
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(RetryInterval, _time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop sees that by itself.
        }
    }

    // The caller has the turn, at least on this node.
    private async ValueTask CatchUpAsync(CancellationToken cancellation)
    {
        var hasChanged = false;
        while (true)
        {
            IReadOnlyList<Change> batch;
            try
            {
                batch = await _store.ReadChangesAsync(_changes.Cursor, BatchSize, cancellation);
            }
            catch (ProblemException problem) when (problem.Problem.Type == KnownProblems.ChangesLost("").Type)
            {
                await ReloadAsync(cancellation);
                hasChanged = true;
                continue;
            }

            foreach (var change in batch)
            {
                await ApplyAsync(change, cancellation);
                _changes.Cursor = change.Sequence;
                hasChanged = true;
            }

            if (batch.Count < BatchSize)
            {
                break;
            }
        }

        Volatile.Write(ref _seen, _changes.Cursor);
        if (hasChanged)
        {
            _changes.Announce();
        }
    }

    private async Task ApplyAsync(Change change, CancellationToken cancellation)
    {
        if (_followers.GetValueOrDefault(change.Kind) is { } follower)
        {
            var key = new ResourceKey(change.Kind, new Scope(change.Tenant, change.Namespace), change.Name);
            await FollowAsync(follower, key, await _store.FindAsync(key, cancellation), change.Event == ChangeKind.Deleted, cancellation);
        }
    }

    private async Task ReloadAsync(CancellationToken cancellation)
    {
        // Read before the rest: what changes meanwhile is in the feed after it.
        var cursor = await _store.NewestChangeAsync(cancellation);
        foreach (var follower in _followers.Values)
        {
            var gone = follower.Known().ToHashSet();
            await foreach (var stored in _store.ReadAllAsync(follower.Kind, cancellation))
            {
                gone.Remove(stored.Key);
                await FollowAsync(follower, stored.Key, stored, isAnother: true, cancellation);
            }

            foreach (var key in gone)
            {
                await FollowAsync(follower, key, null, isAnother: true, cancellation);
            }
        }

        _changes.Cursor = cursor;
        LogReloaded();
    }

    private async Task FollowAsync(IResourceFollower follower, ResourceKey key, StoredResource? stored, bool isAnother, CancellationToken cancellation)
    {
        try
        {
            await follower.FollowAsync(key, stored, isAnother, cancellation);
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not ProblemException)
        {
            // One resource that this node cannot hold must not keep all others back.
            LogNotApplied(key.ToString(), exception);
        }
    }
}
