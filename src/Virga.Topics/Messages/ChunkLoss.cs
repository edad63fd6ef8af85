namespace Virga.Topics.Messages;

/// <summary>Why a chunk belongs to no message.</summary>
public enum ChunkLoss
{
    /// <summary>It follows nothing that is there: the chunks before it were acknowledged, removed, or lie before where the consumer began; or the message is too long.</summary>
    Orphaned,

    /// <summary>Its message begins anew: its producer has sent it again, or it is delivered again.</summary>
    Superseded,

    /// <summary>Its message, the oldest, was given up since too many or too much waited.</summary>
    Overflowed,

    /// <summary>For too long nothing came any more of its message.</summary>
    Expired,

    /// <summary>All chunks are there, and do not make a message.</summary>
    Damaged,
}
