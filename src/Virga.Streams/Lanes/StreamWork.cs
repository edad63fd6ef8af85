using Virga.Streams.Calls;
using Virga.Streams.Windows;

namespace Virga.Streams.Lanes;

/// <summary>What one call of the function is for, or a part of one where messages go in batches: a message or a window.</summary>
internal sealed class StreamWork
{
    private readonly TaskCompletionSource<IReadOnlyList<StreamResult>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the function gets; of a window all that is in it.</summary>
    public required IReadOnlyList<StreamMessage> Messages { get; init; }

    /// <summary>The window; null for a message by itself.</summary>
    public ClosedWindow<StreamMessage>? Window { get; init; }

    /// <summary>Its number among the works of its lane: what its answers are numbered by.</summary>
    public required long Number { get; init; }

    /// <summary>The key that its answers carry; null for none.</summary>
    public string? Key => Window is { } window ? (window.Key.Length > 0 ? window.Key : null) : Messages[0].Message.Key;

    /// <summary>What is to be published; nothing also where it went to the dead letters.</summary>
    public Task<IReadOnlyList<StreamResult>> Done => _done.Task;

    /// <summary>The function has answered, or never will.</summary>
    public void Complete(IReadOnlyList<StreamResult> results) => _done.TrySetResult(results);

    /// <summary>The lane cannot go on.</summary>
    public void Fail(Exception failure) => _done.TrySetException(failure);
}
