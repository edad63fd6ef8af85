namespace Virga.Functions;

/// <summary>The greatest, or the least, number that was ever put.</summary>
public sealed class StateExtreme : StateView
{
    internal StateExtreme(SharedState state, string key, string kind)
        : base(state, key, kind)
    {
    }

    /// <summary>Puts a number, which stays if it goes beyond what is there.</summary>
    /// <returns>The greatest, or the least.</returns>
    /// <param name="number">The number.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    public ValueTask<double> PutAsync(double number, CancellationToken cancellationToken = default) => UpdateAsync<double>(number, cancellationToken);

    /// <summary>The greatest, or the least; <see langword="null"/> when none was put.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public ValueTask<double?> GetAsync(CancellationToken cancellationToken = default) => State.GetAsync<double?>(Key, cancellationToken);
}
