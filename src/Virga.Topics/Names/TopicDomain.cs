namespace Virga.Topics.Names;

/// <summary>Whether a topic keeps its messages.</summary>
public enum TopicDomain
{
    /// <summary>Messages are in ledgers until every subscription has acknowledged them, and for as long as the retention says.</summary>
    Persistent,

    /// <summary>A message goes to whoever is connected and has room for it, and is nowhere else.</summary>
    NonPersistent,
}
