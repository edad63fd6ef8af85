namespace Virga.Functions;

/// <summary>Elements that are added and removed; what is added and removed at the same time stays.</summary>
/// <typeparam name="T">The elements: anything that has JSON.</typeparam>
public sealed class StateSet<T> : StateGrowSet<T>
{
    internal StateSet(SharedState state, string key)
        : base(state, key, "set")
    {
    }

    /// <summary>Removes an element.</summary>
    /// <param name="element">The element.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> RemoveAsync(T element, CancellationToken cancellationToken = default) => RemoveAsync([element], cancellationToken);

    /// <summary>Removes elements.</summary>
    /// <param name="elements">The elements.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> RemoveAsync(IEnumerable<T> elements, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { remove = elements }, cancellationToken);
}
