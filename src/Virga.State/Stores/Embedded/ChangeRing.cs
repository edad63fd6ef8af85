using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;

namespace Virga.State.Stores.Embedded;

/// <summary>Which keys changed last, in the order of their changes, and who waits for the next.</summary>
internal sealed class ChangeRing
{
    private readonly Lock _ring = new();
    private readonly StateKey[] _keys;
    private readonly long _first;
    private long _next;
    private TaskCompletionSource? _changed;

    /// <param name="capacity">How many changes it knows; a power of two.</param>
    /// <param name="first">The number of the first change: higher than any that an earlier process gave, so that its cursors are known to be lost.</param>
    public ChangeRing(int capacity, long first)
    {
        _keys = new StateKey[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _first = _next = first;
    }

    /// <summary>Where the feed ends now.</summary>
    public long End => Volatile.Read(ref _next);

    public void Add(StateKey key)
    {
        TaskCompletionSource? changed;
        lock (_ring)
        {
            _keys[_next & (_keys.Length - 1)] = key;
            Volatile.Write(ref _next, _next + 1);
            changed = _changed;
            _changed = null;
        }

        changed?.TrySetResult();
    }

    /// <summary>Keys with a prefix that changed after a cursor, each once; moves the cursor behind what was looked at.</summary>
    /// <exception cref="ProblemException"><c>changes-lost</c>.</exception>
    public List<StateKey> Read(Scope scope, string prefix, ref long cursor, int limit)
    {
        var found = new List<StateKey>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        lock (_ring)
        {
            var oldest = Math.Max(_first, _next - _keys.Length);
            if (cursor < oldest || cursor > _next)
            {
                throw new ProblemException(KnownProblems.ChangesLost($"The feed of shared state knows the changes from {oldest} to {_next}; those after {cursor} were asked for.") with { Fix = "List the keys anew, then follow the feed from its end." });
            }

            for (; cursor < _next && found.Count < limit; cursor++)
            {
                ref readonly var key = ref _keys[cursor & (_keys.Length - 1)];
                if (key.Scope == scope && key.Text.StartsWith(prefix, StringComparison.Ordinal) && seen.Add(key.Text))
                {
                    found.Add(key);
                }
            }
        }

        return found;
    }

    /// <summary>Completes with the first change after a cursor.</summary>
    public Task ChangedAsync(long cursor)
    {
        lock (_ring)
        {
            return _next > cursor ? Task.CompletedTask : (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
