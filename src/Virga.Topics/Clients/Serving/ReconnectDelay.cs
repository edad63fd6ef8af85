namespace Virga.Topics.Clients.Serving;

/// <summary>How long to wait before a topic is tried again: a little at first, so that a topic that only moves is found at once, then longer.</summary>
internal struct ReconnectDelay
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    private TimeSpan _last;

    /// <summary>The next one.</summary>
    public TimeSpan Next() => _last = _last == TimeSpan.Zero ? First : _last * 2 < Longest ? _last * 2 : Longest;
}
