namespace Virga.Streams.Windows;

/// <summary>
/// Windows that close together. Their results are published at once under one sequence number, so that after a crash either all of them are known to the output topic or none:
/// that is what makes publishing them again harmless.
/// </summary>
/// <typeparam name="T">The messages.</typeparam>
/// <param name="Sequence">Grows from closing to closing of a lane, and is the same when the closing is repeated after a crash.</param>
/// <param name="Windows">Which, in the order of their keys.</param>
/// <param name="Done">The messages that no open window needs any more: acknowledged, at once and together, when the results are published.</param>
public sealed record WindowClosing<T>(long Sequence, IReadOnlyList<ClosedWindow<T>> Windows, IReadOnlyList<T> Done)
    where T : class, IWindowed;
