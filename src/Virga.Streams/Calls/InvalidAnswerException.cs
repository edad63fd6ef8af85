namespace Virga.Streams.Calls;

/// <summary>A function's answer is not what a stream can publish. Calling it again with the same may mend that or not: it counts as a failure of the function.</summary>
/// <param name="message">What is wrong with it.</param>
internal sealed class InvalidAnswerException(string message) : Exception(message);
