namespace Virga.Functions;

/// <summary>Changes of keys with a prefix, from when the watch was asked for, until the sequence is left.</summary>
public sealed class StateWatch : IAsyncEnumerable<StateChange>
{
    private readonly SharedState state;
    private readonly string prefix;
    private readonly Task<ulong> start;

    internal StateWatch(SharedState state, string prefix, Task<ulong> start)
    {
        this.state = state;
        this.prefix = prefix;
        this.start = start;
    }

    /// <summary>Complete when the node watches: what changes after that is seen.</summary>
    public Task Ready => start;

    /// <summary>Goes through the changes as they come. Of several changes of a key in quick succession only the last may be seen.</summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    public async IAsyncEnumerator<StateChange> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        ulong cursor = await start.WaitAsync(cancellationToken);
        while (true)
        {
            (cursor, StateChange[] changes) = await state.ChangesAsync(prefix, cursor, cancellationToken);
            foreach (StateChange change in changes)
            {
                yield return change;
            }
        }
    }
}
