namespace Virga.Functions;

/// <summary>One of several messages that are published together.</summary>
/// <typeparam name="T">A string goes as text, <c>byte[]</c> as bytes, anything else as JSON.</typeparam>
/// <param name="Message">The message.</param>
/// <param name="Options">Its key, its properties and more.</param>
public readonly record struct Publication<T>(T Message, PublishOptions? Options = null);
