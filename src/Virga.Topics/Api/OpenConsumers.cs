using System.Collections.Concurrent;
using System.Security.Cryptography;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Clients;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary>The consumers of this node whose clients acknowledge by requests of their own, each under a token that only its client knows.</summary>
internal sealed class OpenConsumers
{
    private readonly ConcurrentDictionary<string, (TopicName Topic, ITopicConsumer Consumer)> _open = new(StringComparer.Ordinal);

    /// <summary>Remembers a consumer until the token is disposed of.</summary>
    public Token Add(TopicName topic, ITopicConsumer consumer)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _open[token] = (topic, consumer);
        return new Token(this, token);
    }

    /// <summary>The consumer of a token.</summary>
    /// <exception cref="ProblemException"><c>not-found</c>.</exception>
    public ITopicConsumer Require(TopicName topic, string token) => _open.TryGetValue(token, out var found) && found.Topic == topic
        ? found.Consumer
        : throw new ProblemException(KnownProblems.NotFound(
            $"No consumer '{ResourceName.Shorten(token)}' of {topic} is connected to this node.", "Acknowledge at the node that the messages come from, while they do; what was not acknowledged comes again."));

    /// <summary>What a client names its consumer by.</summary>
    internal sealed class Token(OpenConsumers open, string value) : IDisposable
    {
        public string Value => value;

        public void Dispose() => open._open.TryRemove(value, out _);
    }
}
