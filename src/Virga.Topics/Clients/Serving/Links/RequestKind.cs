namespace Virga.Topics.Clients.Serving.Links;

/// <summary>What a topic's owner is asked. The numbers are sent: they never change.</summary>
internal enum RequestKind : byte
{
    /// <summary>To attach a producer.</summary>
    Produce = 1,

    /// <summary>To attach a consumer.</summary>
    Subscribe = 2,

    /// <summary>To say when what a consumer has acknowledged is durable.</summary>
    Settle = 3,

    /// <summary>To move a subscription to a message.</summary>
    SeekMessage = 4,

    /// <summary>To move a subscription to a time.</summary>
    SeekTime = 5,

    /// <summary>To make a subscription where there is none.</summary>
    CreateSubscription = 6,

    /// <summary>To carry out an operation of who looks after topics.</summary>
    Operate = 7,
}
