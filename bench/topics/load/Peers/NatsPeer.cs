using System.Text;

namespace Virga.Bench.Topics.Load.Peers;

/// <summary>NATS JetStream: a stream in files with one replica, a push consumer without acknowledgements.</summary>
internal sealed class NatsPeer(int port, string topic) : Peer
{
    // Of this run alone: the consumer of an earlier one may still be there.
    private readonly string _name = $"bench{Environment.ProcessId}";

    public override async ValueTask CreateAsync()
    {
        using var wire = await ConnectAsync(isBlocking: false);
        await AskAsync(wire, $"$JS.API.STREAM.CREATE.{topic}", $$"""{"name":"{{topic}}","subjects":["{{topic}}"],"storage":"file","retention":"limits","num_replicas":1,"max_msgs":-1,"max_bytes":-1,"discard":"old"}""");
    }

    public override async ValueTask<Publishing> PublishAsync(int number, byte[] payload, int batch, bool isBlocking)
    {
        var wire = await ConnectAsync(isBlocking);
        var inbox = $"_INBOX.bench{number}";
        await SendAsync(wire, $"SUB {inbox} 1\r\n");
        return new NatsPublishing(wire, topic, inbox, payload, batch);
    }

    public override async ValueTask<Consuming> ConsumeAsync(bool fromStart, bool isBlocking)
    {
        var wire = await ConnectAsync(isBlocking);
        await AskAsync(wire, $"$JS.API.CONSUMER.DURABLE.CREATE.{topic}.{_name}", $$$"""{"stream_name":"{{{topic}}}","config":{"durable_name":"{{{_name}}}","deliver_subject":"deliver.{{{_name}}}","deliver_policy":"{{{(fromStart ? "all" : "new")}}}","ack_policy":"none","replay_policy":"instant"}}""");
        await SendAsync(wire, $"SUB deliver.{_name} 2\r\n");
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
            throw new IOException($"NATS says '{Encoding.UTF8.GetString(line)}' where an answer was expected.");
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
