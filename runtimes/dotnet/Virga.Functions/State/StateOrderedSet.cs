namespace Virga.Functions;

/// <summary>Members with scores, in the order of the scores.</summary>
/// <typeparam name="T">The members: anything that has JSON.</typeparam>
public sealed class StateOrderedSet<T> : StateCollection
{
    internal StateOrderedSet(SharedState state, string key)
        : base(state, key, "orderedSet")
    {
    }

    /// <summary>Sets the score of a member.</summary>
    /// <param name="member">The member.</param>
    /// <param name="score">The score.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> AddAsync(T member, double score, CancellationToken cancellationToken = default) =>
        AddAsync([new Scored<T>(member, score)], cancellationToken);

    /// <summary>Sets the scores of members.</summary>
    /// <param name="members">The members with their scores.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> AddAsync(IEnumerable<Scored<T>> members, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { add = members }, cancellationToken);

    /// <summary>Removes a member.</summary>
    /// <param name="member">The member.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> RemoveAsync(T member, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { remove = new[] { member } }, cancellationToken);

    /// <summary>The score of a member; <see langword="null"/> when it is not there.</summary>
    /// <param name="member">The member.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<double?> ScoreAsync(T member, CancellationToken cancellationToken = default) =>
        QueryAsync<double?>(new { score = member }, cancellationToken);

    /// <summary>Members from one rank to another, both included; negative ranks count from the end.</summary>
    /// <param name="start">The first rank, from 0.</param>
    /// <param name="stop">The last rank; -1 is the last member.</param>
    /// <param name="reverse">Whether the greatest score comes first.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyList<Scored<T>>> RangeAsync(
        int start = 0,
        int stop = -1,
        bool reverse = false,
        CancellationToken cancellationToken = default) =>
        await QueryAsync<Scored<T>[]>(new { range = new[] { start, stop }, reverse }, cancellationToken) ?? [];
}
