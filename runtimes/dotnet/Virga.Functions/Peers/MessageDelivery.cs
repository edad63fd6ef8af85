namespace Virga.Functions;

/// <summary>What became of a message.</summary>
public enum MessageDelivery
{
    /// <summary>It was handed over to the running call.</summary>
    Delivered = 1,

    /// <summary>The call could not be reached: the message waits in its inbox.</summary>
    Inbox = 2,
}
