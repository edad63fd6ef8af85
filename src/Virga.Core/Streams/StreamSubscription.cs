namespace Virga.Core.Streams;

/// <summary>The subscription by which a stream function reads its topics.</summary>
public static class StreamSubscription
{
    /// <summary>Its name.</summary>
    /// <param name="stream">The stream's own name.</param>
    public static string Of(string stream) => $"stream-{stream}";
}
