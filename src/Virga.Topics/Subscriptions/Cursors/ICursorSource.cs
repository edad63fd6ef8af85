namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>Whose cursor is stored.</summary>
internal interface ICursorSource
{
    /// <summary>Tells what this subscription has written from what another has.</summary>
    long Writer { get; }

    /// <summary>The cursor as it is now, in its stored form.</summary>
    byte[] Snapshot(out long changes);

    /// <summary>What the last snapshot said is durable.</summary>
    void Saved();

    /// <summary>Another has written the cursor: the topic has another owner.</summary>
    void Lost();
}
