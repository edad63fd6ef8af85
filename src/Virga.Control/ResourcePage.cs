namespace Virga.Control;

/// <summary>A part of a list.</summary>
/// <param name="Items">The resources, in the order of their names.</param>
/// <param name="Continue">What to ask the next part with; null when this is the last.</param>
public sealed record ResourcePage<T>(IReadOnlyList<T> Items, string? Continue)
{
    /// <summary>Makes a page of at most <paramref name="limit"/> out of what was read with one more than that.</summary>
    internal static ResourcePage<T> From(IReadOnlyList<Metadata.StoredResource> read, int limit, Func<Metadata.StoredResource, T> show) => new(
        [.. read.Take(limit).Select(show)],
        read.Count > limit ? read[limit - 1].Key.Name : null);
}
