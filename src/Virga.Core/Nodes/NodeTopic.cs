namespace Virga.Core.Nodes;

/// <summary>What a message between nodes is about. The numbers are sent: they never change.</summary>
public enum NodeTopic : byte
{
    /// <summary>Which keys a cache holds, told to the keys' home nodes.</summary>
    StateIndex = 0x10,

    /// <summary>Updates that a home node passes to the caches that hold a key.</summary>
    StateUpdate = 0x11,

    /// <summary>A version that a session read, asked of the cache that keeps it.</summary>
    StateSnapshot = 0x12,

    /// <summary>A session has ended: its snapshots may go.</summary>
    StateSessionEnd = 0x13,

    /// <summary>One step of a DAG, handed over.</summary>
    DagStep = 0x20,

    /// <summary>The end of a DAG's run, told to where it began.</summary>
    DagResult = 0x21,

    /// <summary>A function called on another node.</summary>
    FunctionCall = 0x22,

    /// <summary>A message to a running function.</summary>
    FunctionMessage = 0x23,

    /// <summary>What only the owner of a topic can do: ask whether it is in use, or delete it.</summary>
    TopicAdmin = 0x30,

    /// <summary>Topics were made, grown or deleted, or policies changed: told to all nodes.</summary>
    TopicsChanged = 0x31,

    /// <summary>A frame of a channel between a topic's user and its owner.</summary>
    TopicFrame = 0x32,

    /// <summary>Something asked of a topic's owner by who uses it.</summary>
    TopicRequest = 0x33,

    /// <summary>Where Pulsar's clients reach a node.</summary>
    PulsarAddress = 0x3f,

    /// <summary>How a stream function runs, and that it is to start again.</summary>
    StreamFunction = 0x40,

    /// <summary>How a trigger fares on a node.</summary>
    TriggerStats = 0x41,
}
