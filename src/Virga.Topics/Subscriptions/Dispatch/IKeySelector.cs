namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>Which consumer takes the keys of a slot.</summary>
internal interface IKeySelector
{
    /// <summary>Adds a consumer.</summary>
    /// <returns>Whose slots it has taken over in part; null for nobody's.</returns>
    /// <exception cref="Core.Problems.ProblemException">There is no room for it; nothing has changed.</exception>
    Consumer? Add(Consumer consumer);

    void Remove(Consumer consumer);

    /// <summary>Who takes a slot; null for nobody.</summary>
    Consumer? Select(int slot);

    IReadOnlyList<(int First, int Last)> RangesOf(Consumer consumer);
}
