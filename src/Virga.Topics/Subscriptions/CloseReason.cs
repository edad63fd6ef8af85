namespace Virga.Topics.Subscriptions;

/// <summary>Why a broker closes a consumer or producer.</summary>
public enum CloseReason
{
    /// <summary>Another node owns the topic now, or this one stops; also after a seek, when clients are to come again.</summary>
    Moved,

    /// <summary>The topic or the subscription was deleted.</summary>
    Deleted,
}
