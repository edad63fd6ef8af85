namespace Virga.Functions;

/// <summary>The distribution of numbers.</summary>
public sealed class StateQuantiles : StateSketch
{
    internal StateQuantiles(SharedState state, string key, int? size)
        : base(state, key, "quantiles", KeyValuePair.Create("size", (double?)size))
    {
    }

    /// <summary>Adds a number.</summary>
    /// <param name="number">The number.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddAsync(double number, CancellationToken cancellationToken = default) => AddAsync([number], cancellationToken);

    /// <summary>Adds numbers: many at once for far less than one by one.</summary>
    /// <returns>How many.</returns>
    /// <param name="numbers">The numbers.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<int> AddAsync(IEnumerable<double> numbers, CancellationToken cancellationToken = default) => ChangeAsync("add", numbers, cancellationToken);

    /// <summary>The number that so great a share of all is not greater than; <see langword="null"/> when there is none.</summary>
    /// <param name="share">0 to 1.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<double?> QuantileAsync(double share, CancellationToken cancellationToken = default) => (await QuantilesAsync([share], cancellationToken))[0];

    /// <summary>The same for several shares.</summary>
    /// <param name="shares">The shares.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyList<double?>> QuantilesAsync(IEnumerable<double> shares, CancellationToken cancellationToken = default) =>
        await QueryAsync<double?[]>(new { at = shares }, cancellationToken) ?? [];

    /// <summary>The share of all numbers that are not greater than one; <see langword="null"/> when there is none.</summary>
    /// <param name="number">The number.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<double?> RankAsync(double number, CancellationToken cancellationToken = default) =>
        (await QueryAsync<double?[]>(new { ranks = new[] { number } }, cancellationToken))?[0];

    /// <summary>The usual figures; <see langword="null"/> when the key does not exist.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<QuantileFigures?> SummaryAsync(CancellationToken cancellationToken = default) => State.GetAsync<QuantileFigures>(Key, cancellationToken);

    /// <summary>How many numbers were added.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<ulong> CountAsync(CancellationToken cancellationToken = default) => QueryAsync<ulong>("count", cancellationToken);
}
