using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;
using Virga.Pulsar.Protocol;
using Virga.Pulsar.Server;
using Virga.Pulsar.Tests.Harness;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests;

public sealed class ProtocolTests : IAsyncLifetime
{
    private TestBroker _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await TestBroker.StartAsync(new PulsarOptions { MaxMessageSize = 100_000 });

    public async ValueTask DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task A_client_is_told_the_lesser_version_and_only_what_works()
    {
        using var client = await RawClient.OpenAsync(_broker.Address);
        await client.SendAsync(new BaseCommand { Type = CommandType.Connect, Connect = new CommandConnect { ClientVersion = "old", ProtocolVersion = 12, AuthMethodName = "token" } });

        var connected = (await client.ExpectAsync(CommandType.Connected)).Connected;

        connected.ProtocolVersion.ShouldBe(12);
        connected.MaxMessageSize.ShouldBe(100_000);
        connected.FeatureFlags.SupportsTopicWatchers.ShouldBeFalse();
        connected.FeatureFlags.SupportsGetPartitionedMetadataWithoutAutoCreation.ShouldBeTrue();
    }

    [Fact]
    public async Task A_ping_is_answered()
    {
        using var client = await _broker.ConnectAsync();

        await client.SendAsync(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() });

        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.Pong);
    }

    [Fact]
    public async Task Commands_that_come_byte_by_byte_and_many_at_once_are_all_answered()
    {
        using var client = await _broker.ConnectAsync();
        var ping = RawClient.Frame(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() }, []);
        foreach (var one in ping)
        {
            await client.SendBytesAsync(new[] { one });
        }

        await client.SendBytesAsync(Enumerable.Repeat(ping, 5000).SelectMany(static p => p).ToArray());

        for (var i = 0; i < 5001; i++)
        {
            (await client.ReceiveAsync()).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.Pong);
        }
    }

    public static TheoryData<string, byte[], string> Wrong() => new()
    {
        { "a frame that is too large", [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1], nameof(ServerError.NotAllowedError) },
        { "a frame that is smaller than its head", [0, 0, 0, 3, 1, 2, 3], nameof(ServerError.UnknownError) },
        { "a command that is larger than its frame", [0, 0, 0, 6, 0, 0, 0, 9, 8, 2], nameof(ServerError.UnknownError) },
        { "a command of no type", [0, 0, 0, 4, 0, 0, 0, 0], nameof(ServerError.UnknownError) },
        { "a command that is no protocol buffer", [0, 0, 0, 8, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], nameof(ServerError.UnknownError) },
        { "a command of an unknown type", [0, 0, 0, 7, 0, 0, 0, 3, 8, 0xe7, 7], nameof(ServerError.UnsupportedVersionError) },
        { "a command of the broker's", RawClient.Frame(new BaseCommand { Type = CommandType.Success, Success = new CommandSuccess { RequestId = 1 } }, []), nameof(ServerError.UnsupportedVersionError) },
        { "a command whose message is missing", [0, 0, 0, 6, 0, 0, 0, 2, 8, 5], nameof(ServerError.UnsupportedVersionError) },
        { "a SEND without what it must have", [0, 0, 0, 8, 0, 0, 0, 4, 8, 6, 0x32, 0], nameof(ServerError.UnknownError) },
        { "a second CONNECT", RawClient.Frame(new BaseCommand { Type = CommandType.Connect, Connect = new CommandConnect { ClientVersion = "again" } }, []), nameof(ServerError.UnknownError) },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_breaks_the_protocol_is_told_and_ends_only_that_connection(string what, byte[] bytes, string error)
    {
        using var other = await _broker.ConnectAsync();
        using var client = await _broker.ConnectAsync();

        await client.SendBytesAsync(bytes);

        var answer = (await client.ReceiveAsync()).ShouldNotBeNull(what).Command;
        answer.Error.Error.ToString().ShouldBe(error, what);
        answer.Error.Message.ShouldNotBeEmpty();
        (await client.ReceiveAsync()).ShouldBeNull(what);
        await other.SendAsync(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() });
        (await other.ReceiveAsync()).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.Pong);
    }

    [Fact]
    public async Task The_first_command_has_to_be_connect()
    {
        using var client = await RawClient.OpenAsync(_broker.Address);

        await client.SendAsync(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() });

        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Message.ShouldContain("CONNECT");
        (await client.ReceiveAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Transactions_are_refused_and_the_connection_goes_on()
    {
        using var client = await _broker.ConnectAsync();
        await client.SendAsync(new BaseCommand { Type = CommandType.TcClientConnectRequest, TcClientConnectRequest = new TransactionRequest { RequestId = 1 } });
        await client.SendAsync(new BaseCommand { Type = CommandType.NewTxn, NewTxn = new TransactionRequest { RequestId = 2 } });
        await client.SendAsync(new BaseCommand { Type = CommandType.EndTxn, EndTxn = new TransactionRequest { RequestId = 3 } });

        (await client.ExpectAsync(CommandType.TcClientConnectResponse)).TcClientConnectResponse.Error.ShouldBe(ServerError.NotAllowedError);
        (await client.ExpectAsync(CommandType.NewTxnResponse)).NewTxnResponse.Error.ShouldBe(ServerError.NotAllowedError);
        (await client.ExpectAsync(CommandType.EndTxnResponse)).EndTxnResponse.Message.ShouldContain("not supported");
    }

    [Fact]
    public async Task A_client_that_gives_no_sign_of_life_is_asked_and_then_left()
    {
        await using var broker = await TestBroker.StartAsync(new PulsarOptions { KeepAlive = TimeSpan.FromMilliseconds(200) });
        using var silent = await broker.ConnectAsync();
        using var mute = await RawClient.OpenAsync(broker.Address);
        using var alive = await broker.ConnectAsync();

        var living = LiveAsync(alive);

        (await silent.ReceiveAsync(answerPings: false)).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.Ping);
        (await silent.ReceiveAsync(answerPings: false)).ShouldBeNull();
        (await mute.ReceiveAsync()).ShouldBeNull();

        await living;
        broker.Server.Connections.ShouldBe(1);

        static async Task LiveAsync(RawClient client)
        {
            for (var i = 0; i < 6; i++)
            {
                (await client.ReceiveAsync(answerPings: false)).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.Ping);
                await client.SendAsync(new BaseCommand { Type = CommandType.Pong, Pong = new CommandPong() });
            }
        }
    }

    [Fact]
    public async Task A_thousand_clients_are_served_at_once()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => RawClient.ConnectAsync(_broker.Address)));
        _broker.Server.Connections.ShouldBe(1000);

        await Task.WhenAll(clients.Select(async static (client, i) =>
        {
            await client.ProduceAsync($"persistent://public/default/of-{i % 10}");
            await client.PublishAsync("hello", 0);
            (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe(0ul);
        }));

        foreach (var client in clients)
        {
            client.Dispose();
        }

        await Eventually.TrueAsync(() => _broker.Server.Connections == 0, "all connections end");
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_a_clear_error()
    {
        await using var second = new PulsarServer(_broker.Topics, new Core.Nodes.SingleNodeLink(new(Core.Names.ResourceName.Parse("other"))), new PulsarOptions { Listen = _broker.Address }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);

        var problem = Should.Throw<Core.Problems.ProblemException>(() => second.Start()).Problem;

        problem.Detail!.ShouldContain($"port {_broker.Address.Port} is in use");
        problem.Fix!.ShouldContain("--pulsar");
    }

    [Fact]
    public async Task Whatever_bytes_come_the_broker_goes_on()
    {
        const int seed = 20_261_125;
        var random = new Random(seed);
        TestContext.Current.SendDiagnosticMessage("seed {0}", seed);
        BaseCommand[] commands =
        [
            new() { Type = CommandType.Connect, Connect = new CommandConnect { ClientVersion = "fuzz", ProtocolVersion = 18 } },
            new() { Type = CommandType.Producer, Producer = new CommandProducer { Topic = "fuzzed", ProducerId = 1, RequestId = 1 } },
            new() { Type = CommandType.Subscribe, Subscribe = new CommandSubscribe { Topic = "fuzzed", Subscription = "s", SubType = 1, ConsumerId = 1, RequestId = 2 } },
            new() { Type = CommandType.Flow, Flow = new CommandFlow { ConsumerId = 1, MessagePermits = 1000 } },
            new() { Type = CommandType.Ack, Ack = new CommandAck { ConsumerId = 1, AckType = 0, RequestId = 3, MessageId = { new MessageIdData { LedgerId = 0, EntryId = 0, AckSet = { 3 } } } } },
            new() { Type = CommandType.Seek, Seek = new CommandSeek { ConsumerId = 1, RequestId = 4, MessagePublishTime = 0 } },
            new() { Type = CommandType.GetLastMessageId, GetLastMessageId = new CommandGetLastMessageId { ConsumerId = 1, RequestId = 5 } },
            new() { Type = CommandType.Lookup, LookupTopic = new CommandLookupTopic { Topic = "fuzzed", RequestId = 6 } },
            new() { Type = CommandType.PartitionedMetadata, PartitionMetadata = new CommandPartitionedTopicMetadata { Topic = "fuzzed", RequestId = 7 } },
            new() { Type = CommandType.GetTopicsOfNamespace, GetTopicsOfNamespace = new CommandGetTopicsOfNamespace { Namespace = "public/default", RequestId = 8 } },
            new() { Type = CommandType.Unsubscribe, Unsubscribe = new CommandUnsubscribe { ConsumerId = 1, RequestId = 9 } },
            new() { Type = CommandType.RedeliverUnacknowledgedMessages, RedeliverUnacknowledgedMessages = new CommandRedeliverUnacknowledgedMessages { ConsumerId = 1 } },
            RawClient.Send(1, 0),
        ];
        var entry = Virga.Topics.Messages.MessageWriter.Write(new Virga.Topics.Messages.OutgoingMessage { Payload = new byte[50] }, "fuzz", 0, DateTimeOffset.UnixEpoch);
        for (var round = 0; round < 300; round++)
        {
            using var client = await RawClient.OpenAsync(_broker.Address);
            try
            {
                for (var i = 0; i < commands.Length; i++)
                {
                    var command = commands[i == 0 ? 0 : random.Next(commands.Length)];
                    await client.SendBytesAsync(Damage(RawClient.Frame(command, command.Type == CommandType.Send ? entry : []), random, i));
                }
            }
            catch (IOException)
            {
                // The broker has closed it, as it should what it cannot read.
                continue;
            }
        }

        using var healthy = await _broker.ConnectAsync();
        await healthy.ProduceAsync("healthy");
        await healthy.PublishAsync("still here", 0);
        (await healthy.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe(0ul);
    }

    private static byte[] Damage(byte[] frame, Random random, int place)
    {
        // Most frames are whole, so that what is damaged meets a connection that has producers and consumers.
        if (place == 0 || random.Next(3) != 0)
        {
            return frame;
        }

        switch (random.Next(4))
        {
            case 0:
                frame[random.Next(8, frame.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
                break;
            case 2:
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), random.Next(frame.Length));
                break;
            default:
                random.NextBytes(frame.AsSpan(8));
                break;
        }

        return frame;
    }
}
