namespace Virga.Functions;

/// <summary>Whether a value was added; seldom with a wrong yes.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public sealed class StateBloom<T> : StateMergingSketch<T>
{
    internal StateBloom(SharedState state, string key, int? capacity, double? falsePositives)
        : base(state, key, "bloom", KeyValuePair.Create("capacity", (double?)capacity), KeyValuePair.Create("falsePositives", falsePositives))
    {
    }

    /// <summary>Whether a value was added: never a wrong no.</summary>
    /// <param name="value">The value.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<bool> HasAsync(T value, CancellationToken cancellationToken = default) => QueryAsync<bool>(new { has = value }, cancellationToken);

    /// <summary>How full the filter is.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<BloomEstimate> EstimateAsync(CancellationToken cancellationToken = default) => QueryAsync<BloomEstimate>("estimate", cancellationToken);
}
