namespace Virga.Functions;

/// <summary>A key that holds a summary of many values: see docs/state.md, "Sketches".</summary>
public abstract class StateSketch : StateView
{
    // The size that it is begun with stands in each addition: whoever is first begins it.
    private readonly KeyValuePair<string, double?>[] size;

    private protected StateSketch(SharedState state, string key, string kind, params KeyValuePair<string, double?>[] size)
        : base(state, key, kind) => this.size = size;

    /// <summary>Changes the sketch.</summary>
    /// <returns>How many values were added.</returns>
    private protected async ValueTask<int> ChangeAsync(string member, object values, CancellationToken cancellationToken)
    {
        var change = new Dictionary<string, object>(3, StringComparer.Ordinal) { [member] = values };
        foreach ((string name, double? value) in size)
        {
            if (value is { } said)
            {
                change[name] = said;
            }
        }

        return (await UpdateAsync<SketchAdditions>(change, cancellationToken))?.Added ?? 0;
    }

    private protected ValueTask<int> ChangeAsync<T>(T value, double weight, CancellationToken cancellationToken) =>
        ChangeAsync("weighted", new[] { new { value, weight } }, cancellationToken);

    private sealed record SketchAdditions(int Added);
}
