namespace Virga.Functions;

/// <summary>How often each value was added: never too few.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public sealed class StateCountMin<T> : StateCountingSketch<T>
{
    internal StateCountMin(SharedState state, string key, double? error, double? confidence)
        : base(state, key, "countMin", KeyValuePair.Create("error", error), KeyValuePair.Create("confidence", confidence))
    {
    }

    /// <summary>How often a value was added, at most.</summary>
    /// <param name="value">The value.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<ulong> CountAsync(T value, CancellationToken cancellationToken = default) => QueryAsync<ulong>(new { count = value }, cancellationToken);

    /// <summary>How much was added in all.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<ulong> TotalAsync(CancellationToken cancellationToken = default) => QueryAsync<ulong>("total", cancellationToken);
}
