namespace Virga.Control.Api;

/// <summary>A list that is never paged.</summary>
/// <param name="Items">All of it.</param>
public sealed record ItemList<T>(IReadOnlyList<T> Items);
