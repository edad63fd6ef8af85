using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>The log of a topic that keeps nothing.</summary>
internal sealed class NoLog : ITopicLog
{
    public static NoLog Instance { get; } = new();

    public Position First => new(0, 0);

    public Position Last => Position.Earliest;

    public Position After(Position position) => First;

    public Position Before(Position position) => Last;

    public long Count(Position after, Position upTo) => 0;

    public bool TryRead(Position from, int maxEntries, int maxBytes, List<LogEntry> into) => true;

    public ValueTask<int> ReadAsync(Position from, int maxEntries, int maxBytes, List<LogEntry> into, CancellationToken cancellation) => ValueTask.FromResult(0);

    public ValueTask<Position> FindAsync(DateTimeOffset time, CancellationToken cancellation) => ValueTask.FromResult(First);
}
