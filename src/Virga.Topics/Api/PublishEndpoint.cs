using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary><c>POST /topics/{topic}/messages</c>: one message as it is, or one for each line of JSON.</summary>
internal sealed class PublishEndpoint(Func<TopicNode> node, TimeProvider time)
{
    // How many messages of a batch are on their way at a time.
    private const int AtATime = 1000;

    // What an entry has besides its payload counts to its limit too; and what is in base64 is longer.
    private const int Overhead = 4096;

    public async Task PostAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        var (broker, client) = (node().Broker, node().Client);
        var most = (await broker.EffectivePoliciesAsync(topic, http.RequestAborted)).MaxMessageBytes ?? int.MaxValue;
        if (http.Request.ContentType?.StartsWith("application/x-ndjson", StringComparison.OrdinalIgnoreCase) == true)
        {
            await PublishLinesAsync(http, client, topic, (2 * (long)most) + Overhead);
            return;
        }

        var message = MessageHeaders.Read(http, await TopicBody.ReadAsync(http, most), time);
        var id = MessageHeaders.Text(http, MessageHeaders.Producer) is { } producer
            ? await PublishAsAsync(client, topic, producer, message, http.RequestAborted)
            : message.SequenceId is null ? await client.PublishAsync(topic, message, http.RequestAborted)
            : throw TopicRequest.Invalid($"{MessageHeaders.SequenceId} is given without {MessageHeaders.Producer}.", "Numbers count the messages of a producer: name it.");
        await TopicAnswer.SendAsync(http, new JsonObject { ["id"] = id.ToString() });
    }

    private static async Task<MessageId> PublishAsAsync(TopicClient client, TopicName topic, string producer, OutgoingMessage message, CancellationToken cancellation)
    {
        await using var publisher = await client.PublisherAsync(topic, new PublisherOptions { Name = producer }, cancellation);
        return await publisher.PublishAsync(message, cancellation);
    }

    private async Task PublishLinesAsync(HttpContext http, TopicClient client, TopicName topic, long mostOfLine)
    {
        TopicBody.LiftLimit(http);
        await using var publisher = await client.PublisherAsync(
            topic, new PublisherOptions { Name = MessageHeaders.Text(http, MessageHeaders.Producer) ?? "", Batching = new BatchingOptions(), MaxPending = AtATime }, http.RequestAborted);
        var underWay = new Queue<Task<MessageId>>();
        var (line, published) = (0L, 0L);
        MessageId? last = null;
        try
        {
            await foreach (var text in ReadLinesAsync(http.Request.BodyReader, mostOfLine, () => line + 1, http.RequestAborted))
            {
                line++;
                if (MessageLine.Parse(text, line, time) is not { } message)
                {
                    continue;
                }

                if (underWay.Count == AtATime)
                {
                    last = await underWay.Dequeue();
                    published++;
                }

                underWay.Enqueue(publisher.PublishAsync(message, http.RequestAborted).AsTask());
            }

            await DrainAsync();
        }
        catch (ProblemException e)
        {
            // What is published stays, and the answer says how much that is.
            await publisher.FlushAsync(http.RequestAborted);
            await ((Task)Task.WhenAll(underWay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            published += underWay.Count(static task => task.IsCompletedSuccessfully);
            throw new ProblemException(e.Problem with { Detail = $"{e.Problem.Detail} {published} messages before it were published." }, e);
        }

        await TopicAnswer.SendAsync(http, new JsonObject { ["messages"] = published, ["last"] = last?.ToString() });

        async Task DrainAsync()
        {
            await publisher.FlushAsync(http.RequestAborted);
            while (underWay.TryDequeue(out var next))
            {
                last = await next;
                published++;
            }
        }
    }

    private static async IAsyncEnumerable<ReadOnlySequence<byte>> ReadLinesAsync(PipeReader body, long most, Func<long> number, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellation);
            var rest = read.Buffer;
            try
            {
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    yield return rest.Slice(0, end);
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (rest.Length > most)
                {
                    throw new ProblemException(KnownProblems.MessageTooLarge($"Line {number()} has more than {most:N0} bytes."));
                }

                if (read.IsCompleted && rest.Length > 0)
                {
                    yield return rest;
                    rest = rest.Slice(rest.End);
                }
            }
            finally
            {
                // Also when a bad line ends it: the server reads what is left of the body, and must find no read under way.
                body.AdvanceTo(rest.Start, rest.End);
            }

            if (read.IsCompleted)
            {
                yield break;
            }
        }
    }
}
