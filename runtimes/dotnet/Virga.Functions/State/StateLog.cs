namespace Virga.Functions;

/// <summary>The last entries of a list that many may append to.</summary>
/// <typeparam name="T">The entries: anything that has JSON.</typeparam>
public sealed class StateLog<T> : StateCollection
{
    internal const int KeptUnlessSaid = 1000;

    private readonly int keep;

    internal StateLog(SharedState state, string key, int keep)
        : base(state, key, "log") => this.keep = keep;

    /// <summary>Appends an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> AppendAsync(T entry, CancellationToken cancellationToken = default) => AppendAsync([entry], cancellationToken);

    /// <summary>Appends entries.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> AppendAsync(IEnumerable<T> entries, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { append = entries, keep }, cancellationToken);

    /// <summary>The last entries, the oldest first.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyList<T>> LastAsync(int count = 10, CancellationToken cancellationToken = default) =>
        await QueryAsync<T[]>(new { last = count }, cancellationToken) ?? [];
}
