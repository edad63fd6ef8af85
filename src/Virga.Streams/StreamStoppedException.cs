namespace Virga.Streams;

/// <summary>A lane must not go on by itself: the same would happen again. Nothing is lost; somebody must change the stream or restart it.</summary>
/// <param name="message">What is wrong and how to mend it.</param>
internal sealed class StreamStoppedException(string message) : Exception(message);
