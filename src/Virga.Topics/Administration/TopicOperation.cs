namespace Virga.Topics.Administration;

/// <summary>What is asked of the owner of a topic or partition by who looks after it. The numbers are sent between nodes: they never change.</summary>
internal enum TopicOperation : byte
{
    /// <summary>How it stands: see <see cref="StatsDocument"/>.</summary>
    Stats = 1,

    /// <summary>Entries without consuming them: <c>subscription</c> or <c>from</c>, <c>count</c>; gives <c>entries</c>.</summary>
    Peek = 2,

    /// <summary>Makes a subscription: <c>name</c>, <c>start</c> (a message's id) or <c>time</c>.</summary>
    CreateSubscription = 3,

    /// <summary>Ends a subscription: <c>name</c>, <c>force</c>.</summary>
    DeleteSubscription = 4,

    /// <summary>Moves a subscription: <c>name</c>, <c>id</c> or <c>time</c>.</summary>
    Seek = 5,

    /// <summary>Acknowledges the next messages of a subscription unread: <c>name</c>, <c>messages</c>.</summary>
    Skip = 6,

    /// <summary>Acknowledges everything of a subscription: <c>name</c>.</summary>
    Clear = 7,

    /// <summary>Acknowledges what was published before a time: <c>name</c>, <c>time</c>.</summary>
    Expire = 8,

    /// <summary>The last message; gives <c>id</c>.</summary>
    LastMessage = 9,

    /// <summary>Ends the topic; gives <c>id</c>.</summary>
    Terminate = 10,

    /// <summary>Compacts it.</summary>
    Compact = 11,

    /// <summary>Removes its messages.</summary>
    Truncate = 12,

    /// <summary>Takes it out of its owner's memory.</summary>
    Unload = 13,
}
