using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Virga.Pulsar.Protocol;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests.Harness;

/// <summary>Speaks the protocol frame by frame, commands by the generated code, so that what the broker writes by hand is read by something else.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Queue<Received> _passedOver = new();
    private ulong _requests;

    private RawClient(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public static async Task<RawClient> OpenAsync(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address);
        return new RawClient(socket);
    }

    public static async Task<RawClient> ConnectAsync(IPEndPoint address)
    {
        var client = await OpenAsync(address);
        await client.SendAsync(new BaseCommand { Type = CommandType.Connect, Connect = new CommandConnect { ClientVersion = "test", ProtocolVersion = 21 } });
        (await client.ExpectAsync(CommandType.Connected)).ShouldNotBeNull();
        return client;
    }

    public ulong NextRequest() => ++_requests;

    public Task SendAsync(BaseCommand command) => SendAsync(command, []);

    /// <summary>Sends a command with an entry behind it.</summary>
    public async Task SendAsync(BaseCommand command, byte[] entry)
    {
        await _stream.WriteAsync(Frame(command, entry));
    }

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    public static byte[] Frame(BaseCommand command, byte[] entry)
    {
        var bytes = command.ToByteArray();
        var frame = new byte[8 + bytes.Length + entry.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, 4 + bytes.Length + entry.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), bytes.Length);
        bytes.CopyTo(frame, 8);
        entry.CopyTo(frame, 8 + bytes.Length);
        return frame;
    }

    /// <summary>The next frame; null when the broker has closed the connection. Pings are answered.</summary>
    public async Task<Received?> ReceiveAsync(bool answerPings = true)
    {
        if (_passedOver.TryDequeue(out var earlier))
        {
            return earlier;
        }

        return await ReadAsync(answerPings);
    }

    /// <summary>The next frame of a type; others are kept for later.</summary>
    public async Task<BaseCommand> ExpectAsync(CommandType type)
    {
        var received = await ExpectFrameAsync(type);
        return received.Command;
    }

    public async Task<Received> ExpectFrameAsync(CommandType type)
    {
        for (var i = _passedOver.Count; i > 0; i--)
        {
            var earlier = _passedOver.Dequeue();
            if (earlier.Command.Type == type)
            {
                return earlier;
            }

            _passedOver.Enqueue(earlier);
        }

        while (true)
        {
            var received = await ReadAsync(answerPings: true) ?? throw new InvalidOperationException($"The broker closed the connection where {type} was awaited.");
            if (received.Command.Type == type)
            {
                return received;
            }

            if (received.Command.Type is CommandType.Error)
            {
                throw new InvalidOperationException($"{type} was awaited, but {received.Command.Error} came.");
            }

            _passedOver.Enqueue(received);
        }
    }

    /// <summary>Attaches a producer.</summary>
    public async Task<CommandProducerSuccess> ProduceAsync(string topic, ulong id = 1, Action<CommandProducer>? more = null)
    {
        var producer = new CommandProducer { Topic = topic, ProducerId = id, RequestId = NextRequest() };
        more?.Invoke(producer);
        await SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = producer });
        return (await ExpectAsync(CommandType.ProducerSuccess)).ProducerSuccess;
    }

    /// <summary>Attaches a consumer.</summary>
    public async Task SubscribeAsync(string topic, string subscription, SubscriptionType type = SubscriptionType.Exclusive, ulong id = 1, Action<CommandSubscribe>? more = null)
    {
        var subscribe = new CommandSubscribe { Topic = topic, Subscription = subscription, SubType = (int)type, ConsumerId = id, RequestId = NextRequest(), InitialPosition = 1 };
        more?.Invoke(subscribe);
        await SendAsync(new BaseCommand { Type = CommandType.Subscribe, Subscribe = subscribe });
        (await ExpectAsync(CommandType.Success)).Success.RequestId.ShouldBe(subscribe.RequestId);
    }

    public Task FlowAsync(uint permits, ulong consumer = 1) => SendAsync(new BaseCommand { Type = CommandType.Flow, Flow = new CommandFlow { ConsumerId = consumer, MessagePermits = permits } });

    /// <summary>Publishes one message without waiting for its receipt.</summary>
    public Task PublishAsync(string text, long sequence, ulong producer = 1, string? key = null) =>
        SendAsync(Send(producer, sequence), MessageWriter.Write(new OutgoingMessage { Payload = System.Text.Encoding.UTF8.GetBytes(text), Key = key }, "test", sequence, DateTimeOffset.UnixEpoch.AddDays(20_000)));

    public static BaseCommand Send(ulong producer, long sequence, int messages = 1) =>
        new() { Type = CommandType.Send, Send = new CommandSend { ProducerId = producer, SequenceId = (ulong)sequence, NumMessages = messages } };

    /// <summary>The messages of the next entry that is delivered.</summary>
    public async Task<(CommandMessage Command, IReadOnlyList<TopicMessage> Messages)> NextMessageAsync()
    {
        var frame = await ExpectFrameAsync(CommandType.Message);
        var id = frame.Command.Message.MessageId;
        var entry = new DeliveredEntry(
            new Position((long)id.LedgerId, (long)id.EntryId), frame.Entry, 1, (int)frame.Command.Message.RedeliveryCount, frame.Command.Message.AckSet.Count == 0 ? null : [.. frame.Command.Message.AckSet]);
        return (frame.Command.Message, MessageReader.Read(TopicName.Parse("any"), entry));
    }

    /// <summary>The text of the next message that is delivered alone.</summary>
    public async Task<string> NextTextAsync()
    {
        var (_, messages) = await NextMessageAsync();
        return System.Text.Encoding.UTF8.GetString(messages.ShouldHaveSingleItem().Payload.Span);
    }

    /// <summary>Drops what was kept for later.</summary>
    public void ForgetPassedOver() => _passedOver.Clear();

    public void Dispose() => _stream.Dispose();

    private async Task<Received?> ReadAsync(bool answerPings)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            var head = new byte[8];
            if (!await FillAsync(head, patience.Token))
            {
                return null;
            }

            var size = BinaryPrimitives.ReadInt32BigEndian(head);
            var commandSize = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4));
            var rest = new byte[size - 4];
            (await FillAsync(rest, patience.Token)).ShouldBeTrue("the connection ended within a frame");
            var received = new Received(BaseCommand.Parser.ParseFrom(rest, 0, commandSize), rest[commandSize..]);
            if (answerPings && received.Command.Type == CommandType.Ping)
            {
                await SendAsync(new BaseCommand { Type = CommandType.Pong, Pong = new CommandPong() });
                continue;
            }

            return received;
        }
    }

    private async Task<bool> FillAsync(byte[] target, CancellationToken patience)
    {
        for (var at = 0; at < target.Length;)
        {
            int read;
            try
            {
                read = await _stream.ReadAsync(target.AsMemory(at), patience);
            }
            catch (IOException)
            {
                return false;
            }

            if (read == 0)
            {
                return false;
            }

            at += read;
        }

        return true;
    }
}
