using Virga.Core.Streams;
using Virga.Streams.Lanes;

namespace Virga.Streams.Api;

/// <summary>How a stream runs: what it did since it started, and its lanes.</summary>
/// <param name="Name">The stream's own name.</param>
/// <param name="Received">Messages taken from topics.</param>
/// <param name="Published">Answers published.</param>
/// <param name="Failed">Calls that failed, each try.</param>
/// <param name="DeadLettered">Messages put aside for good.</param>
/// <param name="Late">Messages that came when their windows had closed.</param>
/// <param name="Lanes">One for each partition.</param>
/// <param name="Unreachable">Nodes that did not answer: what they run is not in here.</param>
internal sealed record StreamStats(
    string Name, long Received, long Published, long Failed, long DeadLettered, long Late, IReadOnlyList<LaneReport> Lanes, IReadOnlyList<string> Unreachable)
{
    /// <summary>Those of a stream on this node.</summary>
    public static StreamStats Of(RunningStream stream) => new(
        stream.Stream.Name.Name.Value, stream.Figures.Received, stream.Figures.Published, stream.Figures.Failed, stream.Figures.DeadLettered, stream.Figures.Late, stream.Lanes, []);

    /// <summary>Those of a stream of which this node runs nothing.</summary>
    public static StreamStats None(StreamName name) => new(name.Name.Value, 0, 0, 0, 0, 0, [], []);

    /// <summary>With those of another node.</summary>
    public StreamStats With(StreamStats other) => this with
    {
        Received = Received + other.Received,
        Published = Published + other.Published,
        Failed = Failed + other.Failed,
        DeadLettered = DeadLettered + other.DeadLettered,
        Late = Late + other.Late,
        Lanes = [.. Lanes.Concat(other.Lanes).OrderBy(static lane => lane.Topic, StringComparer.Ordinal)],
    };
}
