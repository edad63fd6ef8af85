using Virga.Topics.Names;

namespace Virga.Topics.Brokers;

/// <summary>A part of the topics of a namespace.</summary>
/// <param name="Topics">Topics as wholes, in ordinal order of their full names.</param>
/// <param name="Next">What to go on behind; null when these were the last.</param>
public sealed record TopicListing(IReadOnlyList<ListedTopic> Topics, string? Next);

/// <summary>One topic of a listing.</summary>
/// <param name="Name">Its name, as a whole.</param>
/// <param name="Partitions">How many partitions it has; 0 for none.</param>
public sealed record ListedTopic(TopicName Name, int Partitions);
