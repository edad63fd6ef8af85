namespace Virga.Functions;

/// <summary>A number that many may add to at the same time.</summary>
public sealed class StateCounter : StateView
{
    internal StateCounter(SharedState state, string key)
        : base(state, key, "counter")
    {
    }

    /// <summary>Adds to the counter.</summary>
    /// <returns>The count.</returns>
    /// <param name="amount">How much, also a negative number.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<long> IncrementAsync(long amount = 1, CancellationToken cancellationToken = default) =>
        State.IncrementAsync(Key, amount, cancellationToken);

    /// <summary>Subtracts from the counter.</summary>
    /// <returns>The count.</returns>
    /// <param name="amount">How much.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<long> DecrementAsync(long amount = 1, CancellationToken cancellationToken = default) =>
        State.IncrementAsync(Key, checked(-amount), cancellationToken);

    /// <summary>The count; 0 when nobody has counted.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<long> GetAsync(CancellationToken cancellationToken = default) => State.GetAsync<long>(Key, cancellationToken);
}
