using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Topics.Api;
using Virga.Topics.Clients;
using Virga.Topics.Messages;

namespace Virga.Pulsar.WebSockets;

/// <summary><c>/ws/v2/reader/persistent/TENANT/NAMESPACE/TOPIC</c>: pushes messages; each word of the client's makes room for one more.</summary>
internal sealed class ReaderSocket(ITopicReader reader, JsonSocket socket, int queueSize)
{
    /// <summary>The reader that a request asks for.</summary>
    public static ValueTask<ITopicReader> OpenAsync(HttpContext http, TopicNode node)
    {
        var start = SocketRequest.Text(http, "messageId") switch
        {
            null or "latest" => new MessageId(Position.Latest),
            "earliest" => new MessageId(Position.Earliest),
            var text => MessageIdText.Read(text),
        };
        return node.Client.ReadAsync(
            SocketRequest.Topic(http),
            new TopicReaderOptions { Start = start, QueueSize = ConsumerSocket.QueueSize(http), Name = SocketRequest.Text(http, "readerName") ?? "" },
            http.RequestAborted);
    }

    public async Task RunAsync(CancellationToken end)
    {
        using var window = new DeliveryWindow(queueSize);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(end);
        var sending = SendAsync(window, leaving.Token);
        try
        {
            while (await socket.ReceiveAsync() is { } command)
            {
                if (command["type"]?.ToString() == "isEndOfTopic")
                {
                    await socket.SendAsync(new JsonObject { ["endOfTopic"] = reader.HasEnded });
                }
                else
                {
                    window.Give(1);
                }
            }
        }
        finally
        {
            await leaving.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(DeliveryWindow window, CancellationToken end)
    {
        while (true)
        {
            await window.TakeAsync(end);
            if (!await reader.WaitAsync(end))
            {
                return;
            }

            await socket.SendAsync(SocketMessage.Write(await reader.ReadAsync(end)));
        }
    }
}
