using RabbitMQ.Client;
using Virga.Core.Problems;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>Where a RabbitMQ is, as a URL: <c>amqp://user:password@host:port/vhost</c>.</summary>
public static class RabbitMqUrl
{
    // An entry has at most the size of a chunk of Pulsar's, 5 MB; RabbitMQ itself takes 128 MB.
    private const uint MaxMessage = 128u << 20;

    /// <summary>Whether it can be read.</summary>
    public static bool IsValid(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "amqp" or "amqps" && url.Host.Length > 0 && url.AbsolutePath.Count(static c => c == '/') <= 1 && url.Query.Length == 0;

    // The text itself is in no message: it holds a password.
    internal static ConnectionFactory ToFactory(string text) => IsValid(text)
        ? new ConnectionFactory
        {
            Uri = new Uri(text),
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            RequestedConnectionTimeout = TimeSpan.FromSeconds(5),
            ContinuationTimeout = TimeSpan.FromSeconds(10),
            MaxInboundMessageBodySize = MaxMessage,
            ConsumerDispatchConcurrency = 1,
        }
        : throw new ProblemException(KnownProblems.InvalidRequest("The address of RabbitMQ is not valid.", "Write it like amqp://user:password@host:5672/vhost."));
}
