using Virga.Pulsar.Protocol;
using Virga.Pulsar.Tests.Harness;
using Virga.Topics.Messages;
using Virga.Topics.Policies;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests;

public sealed class PublishingTests : IAsyncLifetime
{
    private const string Topic = "persistent://public/default/orders";

    private TestBroker _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await TestBroker.StartAsync();

    public async ValueTask DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Every_entry_gets_its_receipt_in_order()
    {
        using var client = await _broker.ConnectAsync();
        var producer = await client.ProduceAsync(Topic);
        producer.ProducerName.ShouldNotBeEmpty();
        producer.LastSequenceId.ShouldBe(-1);
        producer.ProducerReady.ShouldBeTrue();

        for (var i = 0; i < 1000; i++)
        {
            await client.PublishAsync($"message {i}", i);
        }

        var last = new Position(-1, -1);
        for (var i = 0; i < 1000; i++)
        {
            var receipt = (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt;
            (receipt.ProducerId, receipt.SequenceId).ShouldBe((1ul, (ulong)i));
            var position = new Position((long)receipt.MessageId.LedgerId, (long)receipt.MessageId.EntryId);
            position.ShouldBeGreaterThan(last);
            last = position;
        }
    }

    [Fact]
    public async Task A_client_that_sends_faster_than_the_disk_takes_it_waits_and_loses_nothing()
    {
        await using var broker = await TestBroker.StartAsync(pendingBytes: 64 * 1024);
        using var client = await broker.ConnectAsync();
        await client.ProduceAsync(Topic);
        var text = new string('x', 10_000);

        var sending = SendAsync();

        for (var i = 0; i < 2000; i++)
        {
            (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe((ulong)i);
        }

        await sending;

        async Task SendAsync()
        {
            for (var i = 0; i < 2000; i++)
            {
                await client.PublishAsync(text, i);
            }
        }
    }

    [Fact]
    public async Task A_wrong_checksum_is_told_and_the_connection_goes_on()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);
        var entry = MessageWriter.Write(new OutgoingMessage { Payload = "hello"u8.ToArray() }, "test", 0, DateTimeOffset.UnixEpoch);
        entry[^1] ^= 1;

        await client.SendAsync(RawClient.Send(1, 0), entry);

        (await client.ExpectAsync(CommandType.SendError)).SendError.Error.ShouldBe(ServerError.ChecksumError);
        entry[^1] ^= 1;
        await client.SendAsync(RawClient.Send(1, 0), entry);
        (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe(0ul);
    }

    [Fact]
    public async Task Metadata_that_cannot_be_is_refused_and_the_connection_goes_on()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);

        await client.SendAsync(RawClient.Send(1, 0), [0, 0, 0, 2, 1, 2]);

        (await client.ExpectAsync(CommandType.SendError)).SendError.Error.ShouldBe(ServerError.NotAllowedError);
        await client.PublishAsync("well", 0);
        (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe(0ul);
    }

    [Fact]
    public async Task A_message_without_a_checksum_is_taken()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);
        var entry = MessageWriter.Write(new OutgoingMessage { Payload = "hello"u8.ToArray() }, "test", 0, DateTimeOffset.UnixEpoch);

        await client.SendAsync(RawClient.Send(1, 0), entry[6..]);

        (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe(0ul);
    }

    [Fact]
    public async Task A_message_over_its_topics_limit_is_refused_for_good()
    {
        await using var broker = await TestBroker.StartAsync(policies: new TopicPolicies { MaxMessageBytes = 1000 });
        using var client = await broker.ConnectAsync();
        await client.ProduceAsync(Topic);

        await client.PublishAsync(new string('x', 20_000), 0);

        (await client.ExpectAsync(CommandType.SendError)).SendError.Error.ShouldBe(ServerError.NotAllowedError);
    }

    [Fact]
    public async Task What_a_transaction_sends_is_refused()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);
        var send = RawClient.Send(1, 0);
        send.Send.TxnidMostBits = 4;

        await client.SendAsync(send, MessageWriter.Write(new OutgoingMessage { Payload = "hello"u8.ToArray() }, "test", 0, DateTimeOffset.UnixEpoch));

        (await client.ExpectAsync(CommandType.SendError)).SendError.Message.ShouldContain("ransactions are not supported");
    }

    [Fact]
    public async Task A_producer_that_is_closed_is_answered_when_all_that_it_sent_has_arrived()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);
        for (var i = 0; i < 200; i++)
        {
            await client.PublishAsync($"message {i}", i);
        }

        await client.SendAsync(new BaseCommand { Type = CommandType.CloseProducer, CloseProducer = new CommandCloseProducer { ProducerId = 1, RequestId = 77 } });

        for (var i = 0; i < 200; i++)
        {
            (await client.ReceiveAsync()).ShouldNotBeNull().Command.Type.ShouldBe(CommandType.SendReceipt);
        }

        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Success.RequestId.ShouldBe(77ul);
    }

    [Fact]
    public async Task What_was_published_before_is_left_out_and_still_gets_a_receipt()
    {
        await using var broker = await TestBroker.StartAsync(policies: new TopicPolicies { Deduplication = true });
        using var client = await broker.ConnectAsync();
        await client.ProduceAsync(Topic, more: static p => p.ProducerName = "till-3");
        await client.PublishAsync("once", 5);
        var first = (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt;
        await client.PublishAsync("once", 5);
        var again = (await client.ExpectAsync(CommandType.SendReceipt)).SendReceipt;

        first.MessageId.EntryId.ShouldBe(0ul);
        again.SequenceId.ShouldBe(5ul);
        again.MessageId.EntryId.ShouldBe(ulong.MaxValue);
        using var other = await broker.ConnectAsync();
        client.Dispose();
        (await AttachAsync(other, "till-3")).LastSequenceId.ShouldBe(5);
    }

    [Fact]
    public async Task A_second_producer_of_a_name_and_a_second_exclusive_one_are_refused()
    {
        using var client = await _broker.ConnectAsync();
        using var other = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic, more: static p => p.ProducerName = "till-3");
        await client.ProduceAsync("persistent://public/default/alone", 2, static p => p.ProducerAccessMode = 1);

        (await RefusedAsync(other, Topic, static p => p.ProducerName = "till-3")).ShouldBe(ServerError.ProducerBusy);
        (await RefusedAsync(other, "persistent://public/default/alone", static p => p.ProducerAccessMode = 1)).ShouldBe(ServerError.ProducerFenced);
        (await RefusedAsync(other, "persistent://public/default/alone", static _ => { })).ShouldBe(ServerError.ProducerBusy);
    }

    [Fact]
    public async Task A_producer_that_waits_for_exclusive_access_is_told_when_it_has_it()
    {
        using var client = await _broker.ConnectAsync();
        using var other = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic, more: static p => p.ProducerAccessMode = 1);

        (await other.ProduceAsync(Topic, more: static p => p.ProducerAccessMode = 2)).ProducerReady.ShouldBeFalse();
        client.Dispose();

        var ready = (await other.ExpectAsync(CommandType.ProducerSuccess)).ProducerSuccess;
        ready.ProducerReady.ShouldBeTrue();
        ready.HasTopicEpoch.ShouldBeTrue();
        await other.PublishAsync("mine", 0);
        (await other.ExpectAsync(CommandType.SendReceipt)).SendReceipt.SequenceId.ShouldBe(0ul);
    }

    [Fact]
    public async Task A_name_that_is_none_and_a_number_that_is_taken_are_refused()
    {
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic);

        (await RefusedAsync(client, "persistent://a/b/c/d", static p => p.ProducerId = 9)).ShouldBe(ServerError.InvalidTopicName);
        (await RefusedAsync(client, Topic, static p => p.ProducerId = 1)).ShouldBe(ServerError.NotAllowedError);
    }

    [Fact]
    public async Task A_schema_that_the_policy_refuses_is_refused()
    {
        await using var broker = await TestBroker.StartAsync(policies: new TopicPolicies { SchemaCompatibility = SchemaCompatibility.Full });
        using var client = await broker.ConnectAsync();
        var first = await client.ProduceAsync(Topic, more: static p => p.Schema = Json("A"));
        var second = await client.ProduceAsync(Topic, 2, static p => p.Schema = Json("B"));

        first.SchemaVersion.ToByteArray().ShouldBe(new byte[8]);
        second.SchemaVersion.ToByteArray().ShouldBe([0, 0, 0, 0, 0, 0, 0, 1]);
        (await RefusedAsync(client, Topic, static p =>
        {
            p.ProducerId = 3;
            p.Schema = new Schema { Name = "s", Type = 1, SchemaData = Google.Protobuf.ByteString.Empty };
        })).ShouldBe(ServerError.IncompatibleSchema);
    }

    [Fact]
    public async Task Who_says_nothing_else_gets_schemas_that_read_each_other()
    {
        const string one = "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}";
        using var client = await _broker.ConnectAsync();
        await client.ProduceAsync(Topic, more: static p => p.Schema = Json(one));

        (await RefusedAsync(client, Topic, static p =>
        {
            p.ProducerId = 2;
            p.Schema = Json(one.Replace("int", "string", StringComparison.Ordinal));
        })).ShouldBe(ServerError.IncompatibleSchema);
        await client.SendAsync(new BaseCommand
        {
            Type = CommandType.Subscribe,
            Subscribe = new CommandSubscribe { Topic = Topic, Subscription = "s", ConsumerId = 1, RequestId = client.NextRequest(), Schema = Json(one.Replace("\"a\"", "\"b\"", StringComparison.Ordinal)) },
        });
        (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error.ShouldBe(ServerError.IncompatibleSchema);
    }

    private static Schema Json(string text) => new() { Name = "s", Type = 2, SchemaData = Google.Protobuf.ByteString.CopyFromUtf8(text) };

    private static async Task<ServerError> RefusedAsync(RawClient client, string topic, Action<CommandProducer> more)
    {
        var producer = new CommandProducer { Topic = topic, ProducerId = 1, RequestId = client.NextRequest() };
        more(producer);
        await client.SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = producer });
        return (await client.ReceiveAsync()).ShouldNotBeNull().Command.Error.Error;
    }

    // The connection before may not have ended yet.
    private static async Task<CommandProducerSuccess> AttachAsync(RawClient client, string name)
    {
        for (var i = 0; i < 1000; i++)
        {
            await client.SendAsync(new BaseCommand { Type = CommandType.Producer, Producer = new CommandProducer { Topic = Topic, ProducerId = 1, RequestId = client.NextRequest(), ProducerName = name } });
            var answer = (await client.ReceiveAsync()).ShouldNotBeNull().Command;
            if (answer.ProducerSuccess is { } success)
            {
                return success;
            }

            answer.Error.Error.ShouldBe(ServerError.ProducerBusy);
        }

        throw new TimeoutException("The producer before has not gone.");
    }
}
