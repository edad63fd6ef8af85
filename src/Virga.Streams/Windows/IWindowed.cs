namespace Virga.Streams.Windows;

/// <summary>What windows need to know of a message.</summary>
public interface IWindowed
{
    /// <summary>When what it tells of happened, in milliseconds since 1970.</summary>
    long Time { get; }

    /// <summary>Whose window it goes into; empty where all share one.</summary>
    string Key { get; }

    /// <summary>Its place among the messages of its lane: grows from one to the next.</summary>
    long Sequence { get; }
}
