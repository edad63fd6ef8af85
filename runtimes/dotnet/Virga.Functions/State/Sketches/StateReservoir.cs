namespace Virga.Functions;

/// <summary>A random sample of all that was added.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public sealed class StateReservoir<T> : StateMergingSketch<T>
{
    internal StateReservoir(SharedState state, string key, int? size)
        : base(state, key, "reservoir", KeyValuePair.Create("size", (double?)size))
    {
    }

    /// <summary>Adds a value: one of twice the weight is twice as likely to be drawn.</summary>
    /// <param name="value">The value.</param>
    /// <param name="weight">Its weight, greater than 0.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddWeightedAsync(T value, double weight, CancellationToken cancellationToken = default) => ChangeAsync(value, weight, cancellationToken);

    /// <summary>So many of the sampled values.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyList<T>> SampleAsync(int count = 10, CancellationToken cancellationToken = default) =>
        await QueryAsync<T[]>(new { sample = count }, cancellationToken) ?? [];

    /// <summary>How many values there are in the sample.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<int> SizeAsync(CancellationToken cancellationToken = default) => QueryAsync<int>("size", cancellationToken);
}
