namespace Virga.Functions;

/// <summary>False until it is raised, then true for good.</summary>
public sealed class StateFlag : StateView
{
    internal StateFlag(SharedState state, string key)
        : base(state, key, "flag")
    {
    }

    /// <summary>Raises the flag.</summary>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public async ValueTask SetAsync(CancellationToken cancellationToken = default) => await UpdateAsync<bool>(true, cancellationToken);

    /// <summary>Whether it was raised.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<bool> GetAsync(CancellationToken cancellationToken = default) => State.GetAsync<bool>(Key, cancellationToken);
}
