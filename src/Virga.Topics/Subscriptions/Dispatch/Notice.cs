using System.Runtime.InteropServices;

namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>What a consumer's sink is to be told.</summary>
internal enum NoticeKind
{
    /// <summary>The entries that wait in its consumer.</summary>
    Deliver,

    /// <summary>It is the one that gets the messages.</summary>
    Active,

    /// <summary>Another one gets the messages.</summary>
    Inactive,

    /// <summary>All messages of a terminated topic are delivered.</summary>
    End,

    /// <summary>It is to come again.</summary>
    Moved,

    /// <summary>There is nothing to come to again.</summary>
    Deleted,
}

/// <summary>One notice.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Notice(Consumer Consumer, NoticeKind Kind);
