namespace Virga.Topics.Clients.Serving.Links;

/// <summary>What a frame between a topic's user and its owner says. The numbers are sent: they never change.</summary>
internal enum FrameKind : byte
{
    /// <summary>How many frames the sender has sent before: after the connection was made again, the receiver finds out whether it has them all.</summary>
    Sync = 1,

    /// <summary>The channel is not known, has missed frames, or is closed: it ends.</summary>
    End = 2,

    /// <summary>To the owner: an entry to be published.</summary>
    Publish = 10,

    /// <summary>To the owner: so many more messages may be delivered.</summary>
    Permit = 11,

    /// <summary>To the owner: acknowledgements.</summary>
    Acknowledge = 12,

    /// <summary>To the owner: everything up to an entry is acknowledged.</summary>
    AcknowledgeUpTo = 13,

    /// <summary>To the owner: entries are wanted again.</summary>
    Redeliver = 14,

    /// <summary>To the owner: everything not acknowledged is wanted again.</summary>
    RedeliverAll = 15,

    /// <summary>To the owner: so many bytes of what was delivered are taken in.</summary>
    Received = 16,

    /// <summary>From the owner: an entry was published.</summary>
    Published = 20,

    /// <summary>From the owner: an entry was published before.</summary>
    Duplicate = 21,

    /// <summary>From the owner: an entry was not published.</summary>
    Failed = 22,

    /// <summary>From the owner: entries.</summary>
    Deliver = 23,

    /// <summary>From the owner: the topic is terminated, and all of it delivered.</summary>
    EndReached = 24,

    /// <summary>From the owner: the producer or consumer was closed by the broker.</summary>
    Closed = 25,
}
