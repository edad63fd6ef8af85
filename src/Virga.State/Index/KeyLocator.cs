using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.State.Caches;
using Virga.State.Keys;
using Virga.State.Time;

namespace Virga.State.Index;

/// <summary>
/// Which nodes hold which keys, as this node knows: its own cache and its own part of the index at once, of other keys what their homes said within the last second. It never keeps
/// anybody waiting for longer than <see cref="StateCacheOptions.LocatePatience"/>: where a call runs decides how fast it is, not whether it is right.
/// </summary>
internal sealed class KeyLocator(INodeLink link, HybridClock clock, TimeProvider time, StateCacheOptions options, IndexHome home, CacheTable table, CancellationToken stop) : IKeyHolders
{
    // Some hundred bytes each; above it all is forgotten, and asked for again.
    private const int MostKnown = 65_536;

    // Guards the three below; held for a few look-ups.
    private readonly Lock _lock = new();
    private readonly Dictionary<StateKey, Known> _known = [];
    private readonly HashSet<Task> _asking = [];
    private KeyHomes _homes = new(link.View);

    /// <summary>Questions that are on the wire now.</summary>
    public Task Work
    {
        get
        {
            lock (_lock)
            {
                return Task.WhenAll(_asking);
            }
        }
    }

    /// <inheritdoc/>
    public bool IsHeldHere(StateKey key) => table.Find(key) is { Shown: not null };

    /// <inheritdoc/>
    public IReadOnlyList<NodeName> HoldersOf(StateKey key)
    {
        var holders = new List<NodeName>();
        lock (_lock)
        {
            if (_homes.Of(key) == link.Self)
            {
                home.Index.HoldersOf(key, holders);
            }
            else if (_known.TryGetValue(key, out var known))
            {
                holders.AddRange(known.Holders);
            }
        }

        // Of itself this node knows best: the index is told before a key is loaded, and after it has gone.
        holders.Remove(link.Self);
        if (IsHeldHere(key))
        {
            holders.Add(link.Self);
        }

        return holders;
    }

    /// <inheritdoc/>
    public async ValueTask LearnAsync(IReadOnlyList<StateKey> keys, CancellationToken cancellation)
    {
        var answers = Ask(keys);
        if (answers.Count > 0)
        {
            // Late is not wrong: whoever asked goes on without.
            await Task.WhenAll(answers).WaitAsync(options.LocatePatience, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Keys may have other homes.</summary>
    public void Follow(ClusterView view)
    {
        lock (_lock)
        {
            _homes = new KeyHomes(view);
            _known.Clear();
        }
    }

    private List<Task> Ask(IReadOnlyList<StateKey> keys)
    {
        var answers = new List<Task>();
        Dictionary<NodeName, List<StateKey>>? unknown = null;
        var now = time.GetTimestamp();
        lock (_lock)
        {
            foreach (var key in keys)
            {
                var at = _homes.Of(key);
                if (at == link.Self)
                {
                    continue;
                }

                if (!_known.TryGetValue(key, out var known) || time.GetElapsedTime(known.At, now) > options.LocateFresh)
                {
                    unknown ??= [];
                    if (!unknown.TryGetValue(at, out var group))
                    {
                        unknown[at] = group = [];
                    }

                    group.Add(key);
                }
                else if (!known.Answer.IsCompleted && !answers.Contains(known.Answer))
                {
                    answers.Add(known.Answer);
                }
            }

            foreach (var (node, group) in unknown ?? [])
            {
                answers.Add(Begin(node, group, now));
            }
        }

        return answers;
    }

    // Within the lock. Whoever wants the same keys meanwhile waits for the same answer, and what was known holds until it comes.
    private Task Begin(NodeName node, List<StateKey> keys, long now)
    {
        if (_known.Count + keys.Count > MostKnown)
        {
            _known.Clear();
        }

        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var key in keys)
        {
            _known[key] = new Known(now, _known.TryGetValue(key, out var before) ? before.Holders : [], answered.Task);
        }

        var asking = AskAsync(node, keys, answered);
        _asking.Add(asking);
        _ = asking.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return answered.Task;
    }

    private void Forget(Task done)
    {
        lock (_lock)
        {
            _asking.Remove(done);
        }
    }

    private async Task AskAsync(NodeName node, List<StateKey> keys, TaskCompletionSource answered)
    {
        // Off the caller, who is within the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var patience = new CancellationTokenSource(options.Patience, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            var answer = await link.AskAsync(node, NodeTopic.StateIndex, IndexMessages.Keys(IndexOperation.Locate, clock.Now(), 0, keys), both.Token);
            var (heard, holders) = IndexMessages.ReadHolders(answer.Span, keys.Count);
            clock.Observe(heard);
            var now = time.GetTimestamp();
            lock (_lock)
            {
                for (var i = 0; i < keys.Count; i++)
                {
                    _known[keys[i]] = new Known(now, holders[i], Task.CompletedTask);
                }
            }
        }
        catch (Exception e) when (e is NodeUnreachableException or OperationCanceledException or Binary.StateEncodingException)
        {
            // A home that does not answer tells nothing; it is asked again when what is known is no longer fresh.
        }
        finally
        {
            answered.TrySetResult();
        }
    }

    /// <param name="At">When it was heard, or asked for.</param>
    /// <param name="Holders">Who holds the key.</param>
    /// <param name="Answer">Completes when the home has answered.</param>
    private readonly record struct Known(long At, NodeName[] Holders, Task Answer);
}
