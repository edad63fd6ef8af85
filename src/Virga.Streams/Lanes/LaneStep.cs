namespace Virga.Streams.Lanes;

/// <summary>What one message, or a moment without any, led to. When all its works are published, its acknowledgements and its note become durable together.</summary>
/// <param name="Works">In the order in which their answers are published.</param>
/// <param name="Done">The messages that the lane needs no more.</param>
/// <param name="Note">Where the lane stands behind it.</param>
internal sealed record LaneStep(IReadOnlyList<StreamWork> Works, IReadOnlyList<StreamMessage> Done, LaneNote Note);
