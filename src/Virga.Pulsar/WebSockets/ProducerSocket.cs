using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Topics.Api;
using Virga.Topics.Clients;
using Virga.Topics.Messages;

namespace Virga.Pulsar.WebSockets;

/// <summary><c>/ws/v2/producer/persistent/TENANT/NAMESPACE/TOPIC</c>: each message of the client's is published and answered.</summary>
internal sealed class ProducerSocket(ITopicPublisher publisher, JsonSocket socket, TimeProvider time)
{
    private const string NotJson = "send-error:3";
    private const string BadPayload = "send-error:7";
    private const string Failed = "send-error:8";

    private long _answering;
    private TaskCompletionSource? _idle;

    /// <summary>The publisher that a request asks for.</summary>
    public static ValueTask<ITopicPublisher> OpenAsync(HttpContext http, TopicNode node)
    {
        var batching = SocketRequest.Flag(http, "batchingEnabled")
            ? new BatchingOptions
            {
                MaxMessages = Math.Max(1, SocketRequest.Number(http, "batchingMaxMessages") ?? 1000),
                Delay = TimeSpan.FromMilliseconds(SocketRequest.Number(http, "batchingMaxPublishDelay") ?? 1),
            }
            : null;
        return node.Client.PublisherAsync(
            SocketRequest.Topic(http),
            new PublisherOptions
            {
                Name = SocketRequest.Text(http, "producerName") ?? "",
                FirstSequenceId = SocketRequest.Number(http, "initialSequenceId") is { } first ? first + 1L : null,
                Batching = batching,
                Compression = SocketRequest.Choice(
                    http, "compressionType", MessageCompression.None, ("NONE", MessageCompression.None), ("LZ4", MessageCompression.Lz4), ("ZLIB", MessageCompression.Zlib), ("ZSTD", MessageCompression.Zstd), ("SNAPPY", MessageCompression.Snappy)),
                Routing = SocketRequest.Choice(http, "messageRoutingMode", PartitionRouting.Single, ("SinglePartition", PartitionRouting.Single), ("RoundRobinPartition", PartitionRouting.RoundRobin)),
                Hash = SocketRequest.Choice(http, "hashingScheme", RoutingHashKind.JavaString, ("JavaStringHash", RoutingHashKind.JavaString), ("Murmur3_32Hash", RoutingHashKind.Murmur3)),
                MaxPending = Math.Max(1, SocketRequest.Number(http, "maxPendingMessages") ?? 1000),
                SendTimeout = SocketRequest.Number(http, "sendTimeoutMillis") is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : TimeSpan.FromSeconds(30),
            },
            http.RequestAborted);
    }

    public async Task RunAsync(CancellationToken end)
    {
        while (true)
        {
            JsonObject? message;
            try
            {
                message = await socket.ReceiveAsync();
            }
            catch (SocketMessageException e)
            {
                await socket.SendAsync(Refusal(NotJson, e.Message, null));
                continue;
            }

            if (message is null)
            {
                break;
            }

            await PublishAsync(message, end);
        }

        // Answers on their way are sent before the socket goes.
        var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _idle = idle;
        if (Interlocked.Read(ref _answering) > 0)
        {
            await idle.Task.WaitAsync(end);
        }
    }

    private async ValueTask PublishAsync(JsonObject request, CancellationToken end)
    {
        var context = request["context"]?.ToString();
        OutgoingMessage message;
        try
        {
            message = Read(request);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            await socket.SendAsync(Refusal(BadPayload, e.Message, context));
            return;
        }

        // In the order in which they came; answered as they are published.
        Interlocked.Increment(ref _answering);
        var publishing = publisher.PublishAsync(message, end);
        _ = AnswerAsync(publishing, context);
    }

    private async Task AnswerAsync(ValueTask<MessageId> publishing, string? context)
    {
        try
        {
            var answer = new JsonObject { ["result"] = "ok", ["messageId"] = MessageIdText.Write(await publishing) };
            if (context is not null)
            {
                answer["context"] = context;
            }

            await socket.SendAsync(answer);
        }
        catch (ProblemException e)
        {
            await TrySendAsync(Refusal(Failed, e.Message, context));
        }
        catch (Exception e) when (e is OperationCanceledException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            // The client has gone; it publishes again what it has no answer for.
            return;
        }
        finally
        {
            if (Interlocked.Decrement(ref _answering) == 0)
            {
                _idle?.TrySetResult();
            }
        }
    }

    private async ValueTask TrySendAsync(JsonObject answer)
    {
        try
        {
            await socket.SendAsync(answer);
        }
        catch (Exception e) when (e is OperationCanceledException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            // The client has gone, and with it who would hear of the failure.
            return;
        }
    }

    private OutgoingMessage Read(JsonObject request)
    {
        var deliverAt = Number(request, "deliverAt");
        var deliverAfter = Number(request, "deliverAfterMs");
        return new OutgoingMessage
        {
            Payload = Convert.FromBase64String(request["payload"]?.GetValue<string>() ?? throw new FormatException("The message has no payload.")),
            Key = request["key"]?.GetValue<string>(),
            Properties = request["properties"] is JsonObject properties ? [.. properties.Select(static property => new KeyValuePair<string, string>(property.Key, property.Value?.ToString() ?? ""))] : [],
            EventAt = request["eventTime"]?.GetValue<string>() is { } eventTime ? DateTimeOffset.Parse(eventTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) : null,
            DeliverAt = deliverAfter > 0 ? time.GetUtcNow().AddMilliseconds(deliverAfter) : deliverAt > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(deliverAt) : null,
            SequenceId = request["sequenceId"]?.GetValue<long>(),
        };
    }

    // Anything else in its place is refused: a message that was to come later would come at once.
    private static long Number(JsonObject request, string member) => request[member] switch
    {
        null => 0,
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        _ => throw new FormatException($"'{member}' is no whole number of milliseconds."),
    };

    private static JsonObject Refusal(string result, string message, string? context)
    {
        var answer = new JsonObject { ["result"] = result, ["errorMsg"] = message };
        if (context is not null)
        {
            answer["context"] = context;
        }

        return answer;
    }
}
