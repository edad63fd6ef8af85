namespace Virga.Functions;

/// <summary>A sketch that counts how often values are added.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public abstract class StateCountingSketch<T> : StateSketch
{
    private protected StateCountingSketch(SharedState state, string key, string kind, params KeyValuePair<string, double?>[] size)
        : base(state, key, kind, size)
    {
    }

    /// <summary>Adds a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddAsync(T value, CancellationToken cancellationToken = default) => AddAsync([value], cancellationToken);

    /// <summary>Adds values: many at once for far less than one by one. One that stands twice is added twice.</summary>
    /// <returns>How many.</returns>
    /// <param name="values">The values.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddAsync(IEnumerable<T> values, CancellationToken cancellationToken = default) => ChangeAsync("add", values, cancellationToken);

    /// <summary>Adds a value so many times.</summary>
    /// <param name="value">The value.</param>
    /// <param name="count">How many times: 1 to 2^53.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> IncrementAsync(T value, long count = 1, CancellationToken cancellationToken = default) => ChangeAsync(value, count, cancellationToken);
}
