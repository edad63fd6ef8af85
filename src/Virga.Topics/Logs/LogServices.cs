using Microsoft.Extensions.Logging;
using Virga.Topics.Ledgers;
using Virga.Topics.Metadata;

namespace Virga.Topics.Logs;

/// <summary>What the logs of all topics of a node share.</summary>
internal sealed record LogServices(ILedgerStore Ledgers, ITopicMetadata Metadata, TailCache Tails, TopicLogOptions Options, TimeProvider Time, ILogger Logger)
{
    /// <summary>The ledgers that no topic names (yet, or any more).</summary>
    public UnnamedLedgers Unnamed { get; } = new(Ledgers, Metadata);

    /// <summary>Now, in milliseconds since 1970.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
