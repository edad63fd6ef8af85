namespace Virga.Functions;

/// <summary>The values that were added most often.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public sealed class StateTopK<T> : StateCountingSketch<T>
{
    internal StateTopK(SharedState state, string key, int? size)
        : base(state, key, "topK", KeyValuePair.Create("size", (double?)size))
    {
    }

    /// <summary>The most frequent values, the first the most frequent one.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyList<FrequentValue<T>>> TopAsync(int count = 10, CancellationToken cancellationToken = default) =>
        await QueryAsync<FrequentValue<T>[]>(new { top = count }, cancellationToken) ?? [];

    /// <summary>How often a value was added.</summary>
    /// <param name="value">The value.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<FrequentValue<T>> CountAsync(T value, CancellationToken cancellationToken = default) =>
        await QueryAsync<FrequentValue<T>>(new { count = value }, cancellationToken) with { Value = value };
}
