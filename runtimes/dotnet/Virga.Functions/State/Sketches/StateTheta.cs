namespace Virga.Functions;

/// <summary>How many different values there were, and how many of those of other sketches are among them.</summary>
/// <typeparam name="T">The values: anything that has JSON.</typeparam>
public sealed class StateTheta<T> : StateMergingSketch<T>
{
    internal StateTheta(SharedState state, string key, int? size)
        : base(state, key, "theta", KeyValuePair.Create("size", (double?)size))
    {
    }

    /// <summary>The number, estimated; 0 when the key does not exist.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<long> CountAsync(CancellationToken cancellationToken = default) => State.GetAsync<long>(Key, cancellationToken);

    /// <summary>The number with its bounds.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<SketchEstimate> EstimateAsync(CancellationToken cancellationToken = default) => QueryAsync<SketchEstimate>("estimate", cancellationToken);

    /// <summary>How many values were added here or to any of the others.</summary>
    /// <param name="sketches">The others, as <see cref="StateMergingSketch{T}.SketchAsync"/> gives them.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<SketchEstimate> UnionAsync(IEnumerable<string?> sketches, CancellationToken cancellationToken = default) =>
        QueryAsync<SketchEstimate>(new { union = sketches }, cancellationToken);

    /// <summary>How many values were added here and to each of the others.</summary>
    /// <param name="sketches">The others, as <see cref="StateMergingSketch{T}.SketchAsync"/> gives them.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<SketchEstimate> IntersectionAsync(IEnumerable<string?> sketches, CancellationToken cancellationToken = default) =>
        QueryAsync<SketchEstimate>(new { intersection = sketches }, cancellationToken);

    /// <summary>How many values were added here and to none of the others.</summary>
    /// <param name="sketches">The others, as <see cref="StateMergingSketch{T}.SketchAsync"/> gives them.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<SketchEstimate> DifferenceAsync(IEnumerable<string?> sketches, CancellationToken cancellationToken = default) =>
        QueryAsync<SketchEstimate>(new { difference = sketches }, cancellationToken);
}
