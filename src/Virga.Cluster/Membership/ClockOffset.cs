namespace Virga.Cluster.Membership;

/// <summary>
/// How far this machine's clock is behind the database's (negative: ahead). The quickest of the last answers is believed, since its error is at most half of the
/// time that it took (Cristian, "Probabilistic clock synchronization", 1989).
/// </summary>
internal sealed class ClockOffset
{
    private const int Kept = 8;

    private readonly Queue<(TimeSpan Offset, TimeSpan Error)> _samples = new();

    /// <summary>The offset.</summary>
    public TimeSpan Value { get; private set; }

    /// <summary>How wrong it may be.</summary>
    public TimeSpan Error { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Takes an answer.</summary>
    /// <param name="asked">This machine's clock when the database was asked.</param>
    /// <param name="elapsed">How long the answer took.</param>
    /// <param name="database">What it said.</param>
    public void Add(DateTimeOffset asked, TimeSpan elapsed, DateTimeOffset database)
    {
        if (_samples.Count == Kept)
        {
            _samples.Dequeue();
        }

        _samples.Enqueue((database - (asked + (elapsed / 2)), elapsed / 2));
        (Value, Error) = _samples.MinBy(static sample => sample.Error);
    }
}
