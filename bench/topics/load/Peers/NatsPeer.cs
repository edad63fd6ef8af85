using System.Text;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>NATS JetStream: a stream in files with one replica, a push consumer without acknowledgements.</summary>
internal sealed class NatsPeer(int port, string topic) : Peer
{
    public override async ValueTask CreateAsync()
    {
        using var wire = await ConnectAsync(isBlocking: false);
        await AskAsync(wire, $"$JS.API.STREAM.CREATE.{topic}", $$"""{"name":"{{topic}}","subjects":["{{topic}}"],"storage":"file","retention":"limits","num_replicas":1,"max_msgs":-1,"max_bytes":-1,"discard":"old"}""");
    }

    public override async ValueTask<Publishing> PublishAsync(int number, int size, int batch, bool isBlocking)
    {
        var wire = await ConnectAsync(isBlocking);
        var inbox = $"_INBOX.bench{number}";
        await SendAsync(wire, $"SUB {inbox} 1\r\n");
        return new NatsPublishing(wire, topic, inbox, size * batch);
    }

    public override async ValueTask<Consuming> ConsumeAsync(bool fromStart, bool isBlocking)
    {
        var wire = await ConnectAsync(isBlocking);
        await SendAsync(wire, "SUB bench.deliver 2\r\n");
        await AskAsync(wire, $"$JS.API.CONSUMER.CREATE.{topic}", $$$"""{"stream_name":"{{{topic}}}","config":{"deliver_subject":"bench.deliver","deliver_policy":"{{{(fromStart ? "all" : "new")}}}","ack_policy":"none","replay_policy":"instant"}}""");
        return new NatsConsuming(wire);
    }

    private static async ValueTask SendAsync(Wire wire, string text) => await wire.SendAsync(Encoding.UTF8.GetBytes(text));

    private async ValueTask<Wire> ConnectAsync(bool isBlocking)
    {
        var wire = await Wire.ConnectAsync(port, isBlocking);
        await SendAsync(wire, "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"csharp\",\"version\":\"1\",\"protocol\":1}\r\nPING\r\n");
        while (true)
        {
            if (!NatsLine.TryRead(wire.Received.Span, out var line, out var size))
            {
                await wire.ReceiveAsync();
                continue;
            }

            var isReady = line.SequenceEqual("PONG"u8);
            NatsLine.Check(line);
            wire.Consume(size);
            if (isReady)
            {
                return wire;
            }
        }
    }

    // Messages of the consumer that was just made may come before its answer: they stay where they are.
    private static async ValueTask AskAsync(Wire wire, string subject, string json)
    {
        await SendAsync(wire, $"SUB _INBOX.ask 9\r\nPUB {subject} _INBOX.ask {Encoding.UTF8.GetByteCount(json)}\r\n{json}\r\n");
        while (true)
        {
            var found = Find(wire.Received.Span);
            if (found > 0)
            {
                wire.Consume(found);
                return;
            }

            await wire.ReceiveAsync();
        }
    }

    private static int Find(ReadOnlySpan<byte> received)
    {
        if (!NatsLine.TryRead(received, out var line, out var size))
        {
            return 0;
        }

        NatsLine.Check(line);
        if (!line.StartsWith("MSG _INBOX.ask"u8))
        {
            return line.StartsWith("MSG"u8) ? throw new IOException("A message came before its consumer was made.") : 0;
        }

        var length = NatsLine.LastNumber(line);
        if (received.Length < size + length + 2)
        {
            return 0;
        }

        var answer = received.Slice(size, length);
        return answer.IndexOf("\"error\""u8) >= 0 ? throw new IOException($"Refused: {Encoding.UTF8.GetString(answer)}") : size + length + 2;
    }
}
