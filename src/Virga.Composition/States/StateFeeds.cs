using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Json;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Replicas;
using Virga.State.Stores;

namespace Virga.Composition.States;

/// <summary>Keys by prefix, and their changes, as functions see them: without the platform's own.</summary>
internal sealed class StateFeeds(IStateReplica replica)
{
    /// <summary>The most keys, or changes, at a time.</summary>
    public const int MaxLimit = 1000;

    private const int MaxPatienceMilliseconds = 60_000;

    /// <summary>Keys that exist and begin with a prefix.</summary>
    public async ValueTask<(IReadOnlyList<StateDelta> Items, bool HasMore)> ListAsync(Scope scope, string prefix, string after, int limit, CancellationToken cancellation)
    {
        Require(prefix, limit);
        var (items, hasMore) = await UsersKeys.ListAsync(replica, scope, prefix, after.Length == 0 ? null : after, limit, cancellation);
        return (items, hasMore);
    }

    /// <summary>Changes after a cursor, as many as fit into some bytes.</summary>
    public async ValueTask<(IReadOnlyList<(string Key, Payload? Value)> Items, long Cursor)> ChangesAsync(Scope scope, StateCommand command, long room, CancellationToken cancellation)
    {
        Require(command.Key, command.Limit);
        if (command.Milliseconds > MaxPatienceMilliseconds)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"A watch may wait {MaxPatienceMilliseconds} ms.", "Watch again when it has come back empty."));
        }

        if (command.Number < 0)
        {
            return ([], await replica.CursorAsync(cancellation));
        }

        var patience = TimeSpan.FromMilliseconds(command.Milliseconds);
        for (var limit = command.Limit; ; limit = Math.Max(1, limit / 4))
        {
            var changes = await replica.ChangesAsync(scope, command.Key, command.Number, limit, patience, cancellation);
            var items = new List<(string, Payload?)>(changes.Items.Count);
            long size = 0;
            foreach (var (key, record) in changes.Items)
            {
                if (key.Text[0] == StateKey.PlatformMark)
                {
                    continue;
                }

                Payload? value = record.Value is { } lattice ? StateJson.ToPayload(lattice) : null;
                items.Add((key.Text, value));
                size += (key.Text.Length * 3) + (value?.Bytes.Length ?? 0) + 16;
            }

            if (size <= room)
            {
                return (items, changes.Cursor);
            }

            if (limit == 1)
            {
                throw new ProblemException(KnownProblems.RequestTooLarge($"A changed key holds {size:N0} bytes; an answer has room for {room:N0}."));
            }

            patience = TimeSpan.Zero;
        }
    }

    private static void Require(string prefix, int limit)
    {
        if (prefix.Length > 0 && !StateKey.IsValid(prefix))
        {
            throw new ProblemException(KnownProblems.InvalidKey($"The prefix '{ResourceName.Shorten(prefix)}' begins no valid key."));
        }

        if (prefix.Length > 0 && prefix[0] == StateKey.PlatformMark)
        {
            throw new ProblemException(KnownProblems.InvalidKey("Keys that begin with '$' are the platform's own."));
        }

        if (limit is < 1 or > MaxLimit)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The limit is {limit}; it must be 1 to {MaxLimit}."));
        }
    }
}
