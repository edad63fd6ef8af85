namespace Virga.Functions;

/// <summary>Elements that are added.</summary>
/// <typeparam name="T">The elements: anything that has JSON.</typeparam>
public class StateGrowSet<T> : StateCollection
{
    internal StateGrowSet(SharedState state, string key, string kind)
        : base(state, key, kind)
    {
    }

    /// <summary>Adds an element.</summary>
    /// <param name="element">The element.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> AddAsync(T element, CancellationToken cancellationToken = default) => AddAsync([element], cancellationToken);

    /// <summary>Adds elements.</summary>
    /// <param name="elements">The elements.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> AddAsync(IEnumerable<T> elements, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { add = elements }, cancellationToken);

    /// <summary>Whether an element is there.</summary>
    /// <param name="element">The element.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<bool> HasAsync(T element, CancellationToken cancellationToken = default) =>
        QueryAsync<bool>(new { has = element }, cancellationToken);

    /// <summary>The elements.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyList<T>> ValuesAsync(CancellationToken cancellationToken = default) =>
        await State.GetAsync<T[]>(Key, cancellationToken) ?? [];
}
