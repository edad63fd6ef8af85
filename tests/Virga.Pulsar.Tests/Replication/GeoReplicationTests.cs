using Virga.Core.Problems;
using Virga.Pulsar.Protocol;
using Virga.Pulsar.Tests.Harness;
using Virga.Topics.Brokers;
using Virga.Topics.Messages;
using Virga.Topics.Names;
using Virga.Topics.Policies;
using Virga.Topics.Replication;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Tests.Replication;

public sealed class GeoReplicationTests : IAsyncLifetime
{
    private const string Orders = "persistent://public/default/orders";

    private ReplicatingCluster _eu = null!;
    private ReplicatingCluster _us = null!;

    public async ValueTask InitializeAsync() => (_eu, _us) = await ReplicatingCluster.PairAsync();

    public async ValueTask DisposeAsync()
    {
        await _eu.DisposeAsync();
        await _us.DisposeAsync();
    }

    [Fact]
    public async Task Messages_of_both_clusters_are_in_both_and_go_no_further()
    {
        await Task.WhenAll(_eu.PublishAsync(Orders, Numbered("eu", 0, 300)), _us.PublishAsync(Orders, Numbered("us", 0, 300)));

        // Nothing is left to send: what came from the other side was looked at, and stayed.
        await Task.WhenAll(_eu.SettledAsync(Orders, 600), _us.SettledAsync(Orders, 600));
        foreach (var cluster in (ReplicatingCluster[])[_eu, _us])
        {
            var texts = await cluster.TextsAsync(Orders);
            texts.Count.ShouldBe(600);
            texts.Where(static text => text.StartsWith("eu", StringComparison.Ordinal)).ShouldBe(Numbered("eu", 0, 300));
            texts.Where(static text => text.StartsWith("us", StringComparison.Ordinal)).ShouldBe(Numbered("us", 0, 300));
            cluster.Replication(Orders)!.Messages.ShouldBe(300);
        }
    }

    [Fact]
    public async Task What_is_published_while_the_other_cluster_is_away_is_there_when_it_is_back()
    {
        await _eu.PublishAsync(Orders, Numbered("eu", 0, 10));
        await _us.SettledAsync(Orders, 10);
        await _us.StopAsync();

        await _eu.PublishAsync(Orders, Numbered("eu", 10, 500));
        await Eventually.TrueAsync(() => _eu.Replication(Orders) is { IsConnected: false, Backlog: 500, Problem: not null }, "what the other cluster misses is seen");

        await _us.StartAsync();
        await _eu.SettledAsync(Orders, 510);
        (await _us.TextsAsync(Orders)).ShouldBe([.. Numbered("eu", 0, 510)]);
    }

    [Fact]
    public async Task A_cluster_that_ends_with_something_to_send_goes_on_with_it_although_nobody_uses_the_topic()
    {
        await _us.StopAsync();
        await _eu.PublishAsync(Orders, Numbered("eu", 0, 200));
        await _eu.StopAsync();
        await _us.StartAsync();

        await _eu.StartAsync();
        _eu.Replicate(_us);

        await _eu.SettledAsync(Orders, 200);
        (await _us.TextsAsync(Orders)).ShouldBe([.. Numbered("eu", 0, 200)]);
    }

    [Fact]
    public async Task A_topic_that_is_closed_with_something_to_send_comes_back_for_it()
    {
        await _us.StopAsync();
        await _eu.PublishAsync(Orders, Numbered("eu", 0, 50));
        var topic = await _eu.Topics.GetAsync(TopicName.Parse(Orders), TopicCreation.Never, CancellationToken.None);

        await topic.UnloadAsync(CancellationToken.None);
        await _us.StartAsync();

        await _eu.SettledAsync(Orders, 50);
        (await _us.TextsAsync(Orders)).ShouldBe([.. Numbered("eu", 0, 50)]);
    }

    [Fact]
    public async Task Nothing_is_lost_or_there_twice_when_clusters_end_in_between()
    {
        for (var round = 0; round < 4; round++)
        {
            var publishing = _eu.PublishAsync(Orders, Numbered("eu", round * 400, 400));
            if (round % 2 == 0)
            {
                await _us.StopAsync();
                await publishing;
                await _us.StartAsync();
            }
            else
            {
                await publishing;
                await _eu.StopAsync();
                await _eu.StartAsync();
                _eu.Replicate(_us);
            }
        }

        await _eu.SettledAsync(Orders, 1600);
        (await _us.TextsAsync(Orders)).ShouldBe([.. Numbered("eu", 0, 1600)]);
    }

    [Fact]
    public async Task What_is_sent_again_is_known_by_its_place_even_after_a_restart()
    {
        await _eu.PublishAsync(Orders, Numbered("eu", 0, 300));
        await _eu.SettledAsync(Orders, 300);
        await _us.StopAsync();
        await _us.StartAsync();

        var topic = await _eu.Topics.GetAsync(TopicName.Parse(Orders), TopicCreation.Never, CancellationToken.None);
        await topic.Find(ReplicationCursor.Of("us"))!.SeekAsync(new MessageId(Position.Earliest), CancellationToken.None);
        await Eventually.TrueAsync(() => _eu.Replication(Orders) is { Backlog: 0, Messages: >= 600 }, "all is sent again");

        (await _us.TextsAsync(Orders)).ShouldBe([.. Numbered("eu", 0, 300)]);
    }

    [Fact]
    public async Task A_producer_that_repeats_its_numbers_loses_nothing_to_the_other_clusters_deduplication()
    {
        await _eu.SetAsync(new TopicPolicies { ReplicationClusters = ["eu", "us"], Deduplication = false });
        await _eu.PublishAsync(Orders, Numbered("first", 0, 20), "same");
        await _eu.PublishAsync(Orders, Numbered("second", 0, 20), "same");

        await _eu.SettledAsync(Orders, 40);
        (await _us.TextsAsync(Orders)).ShouldBe([.. Numbered("first", 0, 20), .. Numbered("second", 0, 20)]);
    }

    [Theory]
    [InlineData(MessageCompression.None)]
    [InlineData(MessageCompression.Lz4)]
    [InlineData(MessageCompression.Zstd)]
    public async Task Batches_and_compressed_payloads_pass_untouched(MessageCompression compression)
    {
        OutgoingMessage[] messages = [.. Enumerable.Range(0, 50).Select(static i => new OutgoingMessage { Payload = new byte[100 + i], Key = $"k{i % 5}" })];
        var batch = MessageWriter.WriteBatch(messages, "batches", 7, DateTimeOffset.UnixEpoch.AddDays(20_000), compression);
        using var client = await RawClient.ConnectAsync(_eu.Address);
        await client.ProduceAsync(Orders);
        await client.SendAsync(RawClient.Send(1, 7, 50), batch);
        await client.ExpectAsync(CommandType.SendReceipt);

        await _eu.SettledAsync(Orders, 1);
        var there = (await _us.EntriesAsync(Orders)).ShouldHaveSingleItem().Data;
        MessageCodec.IsIntact(there.Span).ShouldBeTrue();
        MessageCodec.TryReadHeader(there, out var header).ShouldBeTrue();
        MessageCodec.TryReadHeader(batch, out var sent).ShouldBeTrue();
        there[header.PayloadOffset..].ToArray().ShouldBe(batch[sent.PayloadOffset..]);
        (header.Messages, header.SequenceId, header.HighestSequenceId, header.Compression).ShouldBe((50, 7, 56, compression));
        System.Text.Encoding.UTF8.GetString(header.ReplicatedFrom.Span).ShouldBe("eu");
        _eu.Replication(Orders)!.Messages.ShouldBe(50);
    }

    [Fact]
    public async Task A_topic_has_as_many_partitions_there_and_grows_there_too()
    {
        var whole = TopicName.Parse(Orders);
        await _eu.Topics.CreateAsync(whole, 3, CancellationToken.None);
        await _eu.PublishAsync($"{Orders}-partition-2", ["a"]);
        await _eu.SettledAsync($"{Orders}-partition-2", 1);
        (await _us.Topics.PartitionsAsync(whole, TopicCreation.Never, CancellationToken.None)).ShouldBe(3);
        (await _us.TextsAsync($"{Orders}-partition-2")).ShouldBe(["a"]);

        await _eu.Topics.GrowAsync(whole, 5, CancellationToken.None);
        await _eu.PublishAsync($"{Orders}-partition-4", ["b"]);
        await _eu.SettledAsync($"{Orders}-partition-4", 1);
        (await _us.Topics.PartitionsAsync(whole, TopicCreation.Never, CancellationToken.None)).ShouldBe(5);
        (await _us.TextsAsync($"{Orders}-partition-4")).ShouldBe(["b"]);
    }

    [Fact]
    public async Task A_schema_is_registered_there_and_messages_name_it_as_it_is_called_there()
    {
        using (var other = await RawClient.ConnectAsync(_us.Address))
        {
            await other.ProduceAsync(Orders, more: static options => options.Schema = SchemaOf("theirs"));
        }

        using var client = await RawClient.ConnectAsync(_eu.Address);
        var here = (await client.ProduceAsync(Orders, more: static options => options.Schema = SchemaOf("ours"))).SchemaVersion;
        var plain = MessageWriter.Write(new OutgoingMessage { Payload = "hello"u8.ToArray() }, "test", 0, DateTimeOffset.UnixEpoch.AddDays(20_000));
        await client.SendAsync(RawClient.Send(1, 0), EntryBuilder.With(plain, 16, here.Span));
        await client.ExpectAsync(CommandType.SendReceipt);

        await _eu.SettledAsync(Orders, 1);
        here.ToByteArray().ShouldBe([0, 0, 0, 0, 0, 0, 0, 0]);
        EntryOrigin.SchemaVersion((await _us.EntriesAsync(Orders))[0].Data.Span).ToArray().ShouldBe([0, 0, 0, 0, 0, 0, 0, 1]);
        (await _us.Topics.SchemasOf(TopicName.Parse(Orders)).GetAsync(1, CancellationToken.None))!.Definition!.Data.ToArray().ShouldBe("ours"u8.ToArray());
    }

    [Fact]
    public async Task Without_the_policy_nothing_is_kept_for_the_other_cluster()
    {
        await _eu.PublishAsync(Orders, ["before"]);
        await _eu.SettledAsync(Orders, 1);

        await _eu.SetAsync(new TopicPolicies { Deduplication = true });
        await Eventually.TrueAsync(() => _eu.Topics.Open is [{ } only] && only.Figures().Replication.Count == 0, "the cursor is gone");
        await _eu.PublishAsync(Orders, ["after"]);

        (await _us.TextsAsync(Orders)).ShouldBe(["before"]);
    }

    [Fact]
    public async Task Replication_is_no_subscription_of_users()
    {
        await _eu.PublishAsync(Orders, ["one"]);
        await _eu.SettledAsync(Orders, 1);
        var topic = await _eu.Topics.GetAsync(TopicName.Parse(Orders), TopicCreation.Never, CancellationToken.None);

        topic.ListSubscriptions().ShouldBeEmpty();
        topic.Figures().Subscriptions.ShouldBeEmpty();
        (await Should.ThrowAsync<ProblemException>(() => topic.UnsubscribeAsync(ReplicationCursor.Of("us"), force: true, CancellationToken.None).AsTask())).Problem.Slug.ShouldBe("invalid-request");
        using var client = await RawClient.ConnectAsync(_eu.Address);
        (await Should.ThrowAsync<InvalidOperationException>(() => client.SubscribeAsync(Orders, "virga.repl.us"))).Message.ShouldContain("NotAllowed");
    }

    [Fact]
    public async Task A_cluster_that_is_not_known_is_refused()
    {
        var refused = await Should.ThrowAsync<ProblemException>(() => _eu.SetAsync(new TopicPolicies { ReplicationClusters = ["eu", "asia"] }));
        (refused.Problem.Slug, refused.Problem.Detail).ShouldBe(("invalid-request", "No cluster 'asia' is known to this node, which is of 'eu'."));
    }

    private static IEnumerable<string> Numbered(string prefix, int first, int count) => Enumerable.Range(first, count).Select(i => $"{prefix} {i}");

    private static Schema SchemaOf(string text) => new() { Name = "orders", Type = 2, SchemaData = Google.Protobuf.ByteString.CopyFromUtf8(text) };
}
