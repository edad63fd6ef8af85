namespace Virga.Functions;

/// <summary>A key that holds several elements.</summary>
public abstract class StateCollection : StateView
{
    private protected StateCollection(SharedState state, string key, string kind)
        : base(state, key, kind)
    {
    }

    /// <summary>The number of elements.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<int> SizeAsync(CancellationToken cancellationToken = default) => QueryAsync<int>("size", cancellationToken);

    /// <summary>Changes elements.</summary>
    /// <returns>How many there are then, and how many came and went.</returns>
    private protected async ValueTask<SizeChange> ChangeAsync(object change, CancellationToken cancellationToken) =>
        await UpdateAsync<SizeChange>(change, cancellationToken) ?? new SizeChange(0, 0, 0);
}
