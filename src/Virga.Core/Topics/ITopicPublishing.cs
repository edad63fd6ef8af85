using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Core.Topics;

/// <summary>Publishes what functions publish.</summary>
public interface ITopicPublishing
{
    /// <summary>
    /// Publishes a message; gives its id when it is as durable as the topic promises. Messages of one function to one topic are in the order in which this was called, also where several of them are
    /// under way.
    /// </summary>
    /// <param name="function">In whose name: it publishes to topics of its own namespace.</param>
    /// <param name="publication">The message; its memory stays as it is.</param>
    /// <param name="cancellation">Nobody waits any more; the message may be published all the same.</param>
    /// <exception cref="ProblemException">It is not published, or it is not known whether it is.</exception>
    ValueTask<string> PublishAsync(FunctionName function, FunctionPublication publication, CancellationToken cancellation);
}
