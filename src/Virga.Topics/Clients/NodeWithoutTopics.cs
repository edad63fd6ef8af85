using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.Topics.Clients.Serving.Links;

namespace Virga.Topics.Clients;

/// <summary>
/// A node that was started without the place where its cluster keeps messages. Owners are chosen among all nodes that are alive, so that others ask it for topics when only some were started with one.
/// </summary>
public static class NodeWithoutTopics
{
    /// <summary>Has it tell those that ask what is wrong, instead of not answering them.</summary>
    public static void Answer(INodeLink link)
    {
        ReadOnlyMemory<byte> refusal = new FrameWriter().Flag(false).Problem(KnownProblems.Unavailable(
            $"The topic belongs to the node '{link.Self}', which was started without a RabbitMQ: it cannot reach the messages of topics.",
            "Start all nodes of the cluster with the same --rabbitmq URL.")).Written;
        link.Handle(NodeTopic.TopicRequest, (_, _, _) => ValueTask.FromResult(refusal));
    }
}
