using System.Diagnostics.CodeAnalysis;

namespace Virga.Topics.Clients.Producing;

/// <summary>
/// The room that messages take until they are acknowledged: so many, and so many bytes of them; a message of more bytes than there may be goes in alone. Those that find none wait here in the order in which they
/// were published, which is that in which they go in. For one thread at a time.
/// </summary>
internal sealed class PublishRoom(int messages, long bytes)
{
    private readonly Queue<PublishWaiter> _waiting = new();
    private int _messages;
    private long _bytes;

    /// <summary>Whether any wait.</summary>
    public bool HasWaiting => _waiting.Count > 0;

    /// <summary>The messages that wait.</summary>
    public IEnumerable<PublishWaiter> Waiting => _waiting;

    /// <summary>Takes a message's room; where there is none, or others wait, it waits too.</summary>
    public bool TryEnter(PublishWaiter message)
    {
        if (_waiting.Count == 0 && Fits(message))
        {
            Take(message);
            return true;
        }

        _waiting.Enqueue(message);
        return false;
    }

    /// <summary>The next of those that wait, if there is room for it now.</summary>
    public bool TryAdmit([NotNullWhen(true)] out PublishWaiter? message)
    {
        while (_waiting.TryPeek(out message))
        {
            if (message.IsGivenUp)
            {
                _waiting.Dequeue();
                continue;
            }

            if (!Fits(message))
            {
                break;
            }

            Take(_waiting.Dequeue());
            return true;
        }

        message = null;
        return false;
    }

    /// <summary>Messages are acknowledged, or have failed: their room is free.</summary>
    public void Leave(PublishWaiter[] gone)
    {
        _messages -= gone.Length;
        foreach (var message in gone)
        {
            _bytes -= message.Size;
        }
    }

    /// <summary>Nobody waits any more.</summary>
    public PublishWaiter[] Clear()
    {
        PublishWaiter[] waiting = [.. _waiting];
        _waiting.Clear();
        return waiting;
    }

    private bool Fits(PublishWaiter message) => _messages == 0 || (_messages < messages && _bytes + message.Size <= bytes);

    private void Take(PublishWaiter message)
    {
        _messages++;
        _bytes += message.Size;
    }
}
