namespace Virga.Topics.Publishing;

/// <summary>What the numbers of an entry say about it.</summary>
internal enum SequenceVerdict
{
    /// <summary>It was not published before.</summary>
    New,

    /// <summary>All of it was published before, or is on its way.</summary>
    Repeated,

    /// <summary>A part of it was.</summary>
    Overlapping,
}
