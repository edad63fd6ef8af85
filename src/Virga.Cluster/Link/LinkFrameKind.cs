namespace Virga.Cluster.Link;

/// <summary>What a frame is. The numbers are sent: they never change.</summary>
internal enum LinkFrameKind : byte
{
    /// <summary>A message without an answer.</summary>
    Post = 1,

    /// <summary>A message that is to be answered.</summary>
    Ask = 2,

    /// <summary>The answer of the ask with the same id.</summary>
    Answer = 3,

    /// <summary>The ask with this id could not be answered; the body says why, in UTF-8.</summary>
    Fault = 4,

    /// <summary>Nobody waits for the answer of this id any more.</summary>
    Cancel = 5,

    /// <summary>The node is there.</summary>
    KeepAlive = 6,
}
