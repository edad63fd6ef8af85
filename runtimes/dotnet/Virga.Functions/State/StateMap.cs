namespace Virga.Functions;

/// <summary>Fields, each a register or a kind of value of its own.</summary>
/// <typeparam name="T">What the fields hold; <c>JsonElement</c> where they differ.</typeparam>
public sealed class StateMap<T> : StateCollection
{
    internal StateMap(SharedState state, string key)
        : base(state, key, "map")
    {
    }

    /// <summary>Writes a field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="value">Its value.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> PutAsync(string field, T value, CancellationToken cancellationToken = default) =>
        PutAsync(new Dictionary<string, T>(1, StringComparer.Ordinal) { [field] = value }, cancellationToken);

    /// <summary>Writes fields.</summary>
    /// <param name="fields">The fields with their values.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> PutAsync(IReadOnlyDictionary<string, T> fields, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { put = fields }, cancellationToken);

    /// <summary>Carries out an update in a field, such as <c>new { counter = new { increment = 1 } }</c>.</summary>
    /// <param name="field">The field.</param>
    /// <param name="update">The update: see docs/state.md.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> UpdateAsync(string field, object update, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { update = new Dictionary<string, object>(1, StringComparer.Ordinal) { [field] = update } }, cancellationToken);

    /// <summary>Removes a field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<SizeChange> RemoveAsync(string field, CancellationToken cancellationToken = default) =>
        ChangeAsync(new { remove = new[] { field } }, cancellationToken);

    /// <summary>What a field holds; the default when it is not there.</summary>
    /// <param name="field">The field.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<T?> GetAsync(string field, CancellationToken cancellationToken = default) =>
        QueryAsync<T>(new { get = field }, cancellationToken);

    /// <summary>All fields.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyDictionary<string, T>> EntriesAsync(CancellationToken cancellationToken = default) =>
        await State.GetAsync<Dictionary<string, T>>(Key, cancellationToken) ?? [];
}
