namespace Virga.Functions;

/// <summary>How many different values there were.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public sealed class StateHyperLogLog<T> : StateMergingSketch<T>
{
    internal StateHyperLogLog(SharedState state, string key, int? precision)
        : base(state, key, "hyperLogLog", KeyValuePair.Create("precision", (double?)precision))
    {
    }

    /// <summary>The number, estimated; 0 when the key does not exist.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<long> CountAsync(CancellationToken cancellationToken = default) => State.GetAsync<long>(Key, cancellationToken);

    /// <summary>The number with its bounds.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<SketchEstimate> EstimateAsync(CancellationToken cancellationToken = default) => QueryAsync<SketchEstimate>("estimate", cancellationToken);
}
