namespace Virga.Core.Storage;

/// <summary>Where a RabbitMQ is, as a URL: <c>amqp://user:password@host:port/vhost</c>, or <c>amqps</c>.</summary>
public static class RabbitMqUrl
{
    /// <summary>Whether it can be read. What it names is only known when it is used.</summary>
    public static bool IsValid(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "amqp" or "amqps" && url.Host.Length > 0 && url.AbsolutePath.LastIndexOf('/') <= 0 && url.Query.Length == 0 && url.Fragment.Length == 0;
}
