using Virga.Core.Invocations;

namespace Virga.Composition.Messages;

/// <summary>A call that is in a worker of this node.</summary>
/// <param name="invocation">The call.</param>
/// <param name="room">Memory for its messages.</param>
internal sealed class RunningCall(Invocation invocation, MailboxRoom room)
{
    private Mailbox? _mailbox;

    /// <summary>The call.</summary>
    public Invocation Invocation { get; } = invocation;

    /// <summary>Whether its session was begun for it, and ends with it.</summary>
    public bool OwnsSession { get; init; }

    /// <summary>Its messages. Most calls never have any.</summary>
    public Mailbox Mailbox => Volatile.Read(ref _mailbox) ?? Interlocked.CompareExchange(ref _mailbox, new Mailbox(room), null) ?? _mailbox!;

    /// <summary>It has ended.</summary>
    public void End() => Interlocked.CompareExchange(ref _mailbox, Mailbox.Closed, null)?.Close();
}
