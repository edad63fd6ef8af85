namespace Virga.Functions;

/// <summary>A key as the kind of value that it holds.</summary>
public abstract class StateView
{
    private readonly string kind;

    private protected StateView(SharedState state, string key, string kind)
    {
        State = state;
        Key = key;
        this.kind = kind;
    }

    /// <summary>The key.</summary>
    public string Key { get; }

    internal SharedState State { get; }

    /// <summary>Removes the key.</summary>
    /// <returns>Whether it existed.</returns>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<bool> DeleteAsync(CancellationToken cancellationToken = default) => State.DeleteAsync(Key, cancellationToken);

    private protected ValueTask<TResult?> UpdateAsync<TResult>(object change, CancellationToken cancellationToken) =>
        State.UpdateAsync<TResult>(Key, new Dictionary<string, object>(1, StringComparer.Ordinal) { [kind] = change }, cancellationToken);

    private protected ValueTask<TResult?> QueryAsync<TResult>(object question, CancellationToken cancellationToken) =>
        State.QueryAsync<TResult>(Key, new Dictionary<string, object>(1, StringComparer.Ordinal) { [kind] = question }, cancellationToken);
}
