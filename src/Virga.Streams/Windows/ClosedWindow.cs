namespace Virga.Streams.Windows;

/// <summary>A window that is complete and goes to the function.</summary>
/// <typeparam name="T">The messages.</typeparam>
/// <param name="Key">Whose it is; empty where all share one.</param>
/// <param name="Span">What it covers.</param>
/// <param name="Messages">What is in it, by time and then by place; never none.</param>
public sealed record ClosedWindow<T>(string Key, WindowSpan Span, IReadOnlyList<T> Messages)
    where T : class, IWindowed;
