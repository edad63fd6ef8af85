namespace Virga.Topics.Subscriptions;

/// <summary>How the keys of a key_shared subscription are dealt out: by a hash from 0 to 65,535.</summary>
public sealed record KeySharing
{
    /// <summary>The broker deals the range out among the consumers and deals anew when one comes or goes.</summary>
    public static KeySharing AutoSplit { get; } = new();

    /// <summary>The ranges that this consumer takes, both ends included; empty where the broker deals them out.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges { get; init; } = [];

    /// <summary>Whether a key may change its consumer while messages of it are not acknowledged, which gives up their order.</summary>
    public bool AllowOutOfOrder { get; init; }
}
