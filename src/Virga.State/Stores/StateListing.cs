namespace Virga.State.Stores;

/// <summary>Keys that exist, in ordinal order.</summary>
/// <param name="Items">Each with its record.</param>
/// <param name="HasMore">Whether there are further ones after the last.</param>
public sealed record StateListing(IReadOnlyList<StateDelta> Items, bool HasMore);
