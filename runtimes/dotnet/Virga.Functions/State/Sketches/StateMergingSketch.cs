namespace Virga.Functions;

/// <summary>A sketch of values that can be merged with those of other keys.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public abstract class StateMergingSketch<T> : StateSketch
{
    private protected StateMergingSketch(SharedState state, string key, string kind, params KeyValuePair<string, double?>[] size)
        : base(state, key, kind, size)
    {
    }

    /// <summary>Adds a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddAsync(T value, CancellationToken cancellationToken = default) => AddAsync([value], cancellationToken);

    /// <summary>Adds values: many at once for far less than one by one.</summary>
    /// <returns>How many.</returns>
    /// <param name="values">The values.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddAsync(IEnumerable<T> values, CancellationToken cancellationToken = default) => ChangeAsync("add", values, cancellationToken);

    /// <summary>Adds what sketches of other keys have seen.</summary>
    /// <param name="sketches">The sketches, as <see cref="SketchAsync"/> gives them.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> MergeAsync(IEnumerable<string?> sketches, CancellationToken cancellationToken = default) => ChangeAsync("merge", sketches, cancellationToken);

    /// <summary>The sketch itself, for sketches of other keys; <see langword="null"/> when the key does not exist.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<string?> SketchAsync(CancellationToken cancellationToken = default) => QueryAsync<string>("sketch", cancellationToken);
}
