using Virga.Core.Problems;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Clients.Producing;
using Virga.Topics.Clients.Serving;
using Virga.Topics.Messages;
using Virga.Topics.Policies;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;
using static Virga.Topics.Tests.Clients.ClientFixture;

namespace Virga.Topics.Tests.Clients;

public sealed class PublisherTests
{
    [Theory]
    [InlineData(MessageCompression.None)]
    [InlineData(MessageCompression.Lz4)]
    [InlineData(MessageCompression.Zlib)]
    [InlineData(MessageCompression.Zstd)]
    [InlineData(MessageCompression.Snappy)]
    public async Task Messages_of_a_batch_are_one_entry_and_are_consumed_one_by_one(MessageCompression compression)
    {
        await using var fixture = await StartAsync();
        await fixture.PublishBatchAsync("t", compression, "a", "b", "c");

        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s"));

        (await ConsumeAsync(consumer, 3)).ShouldBe(["a", "b", "c"]);
    }

    [Fact]
    public async Task A_batch_goes_when_it_is_full_or_its_time_is_over()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(
            Name("t"), new PublisherOptions { Batching = new BatchingOptions { MaxMessages = 2, Delay = TimeSpan.FromMilliseconds(20) } }, Cancellation);

        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => publisher.PublishAsync(Message($"{i}"), Cancellation).AsTask()));

        ids.Select(static id => id.BatchIndex).ShouldBe([0, 1, 0, 1, 0]);
        ids.Select(static id => id.Position).Distinct().Count().ShouldBe(3);
    }

    [Fact]
    public async Task No_more_bytes_wait_than_are_allowed_and_a_larger_message_goes_alone()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(
            Name("t"), new PublisherOptions { Batching = new BatchingOptions { Delay = TimeSpan.FromMilliseconds(20) }, MaxPendingBytes = 10 }, Cancellation);

        string[] texts = ["six bytes", "more than ten bytes", "1", "2"];
        var ids = await Task.WhenAll(texts.Select(text => publisher.PublishAsync(Message(text), Cancellation).AsTask()));

        ids.Select(static id => id.Position.Entry).ShouldBe([0, 1, 2, 2]);
    }

    [Fact]
    public async Task Messages_that_wait_for_room_are_published_in_their_order()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { MaxPending = 3 }, Cancellation);

        var ids = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => publisher.PublishAsync(Message($"{i}"), Cancellation).AsTask()));

        ids.Select(static id => id.Position.Entry).ShouldBe(Enumerable.Range(0, 1000).Select(static i => (long)i));
    }

    [Fact]
    public async Task A_message_that_is_given_up_while_it_waits_for_room_is_not_published()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(
            Name("t"), new PublisherOptions { Batching = new BatchingOptions { Delay = TimeSpan.FromMinutes(1) }, MaxPending = 1 }, Cancellation);
        using var patience = new CancellationTokenSource();
        var first = publisher.PublishAsync(Message("first"), Cancellation).AsTask();
        var givenUp = publisher.PublishAsync(Message("given up"), patience.Token).AsTask();
        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => givenUp);

        await publisher.FlushAsync(Cancellation);
        var last = publisher.PublishAsync(Message("last"), Cancellation).AsTask();
        await publisher.FlushAsync(Cancellation);

        ((await first).Position.Entry, (await last).Position.Entry).ShouldBe((0, 1));
    }

    [Fact]
    public async Task A_key_has_the_partition_that_stock_clients_choose()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.CreateAsync(Name("t"), 4, Cancellation);

        foreach (var key in new[] { "alpha", "beta", "gamma", "delta", "polygenelubricants" })
        {
            var id = await fixture.Client.PublishAsync(Name("t"), Message("m", key), Cancellation);

            id.Partition.ShouldBe(RoutingHash.Partition(key, 4, RoutingHashKind.JavaString));
        }
    }

    [Fact]
    public async Task Messages_without_a_key_go_to_the_partitions_in_turn_or_to_a_single_one()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.CreateAsync(Name("t"), 3, Cancellation);
        await using var turns = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions(), Cancellation);
        await using var single = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { Routing = PartitionRouting.Single }, Cancellation);

        var (inTurn, inOne) = (new List<int>(), new List<int>());
        for (var i = 0; i < 6; i++)
        {
            inTurn.Add((await turns.PublishAsync(Message("m"), Cancellation)).Partition);
            inOne.Add((await single.PublishAsync(Message("m"), Cancellation)).Partition);
        }

        inTurn[..3].Order().ShouldBe([0, 1, 2]);
        inTurn[3..].ShouldBe(inTurn[..3]);
        inOne.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_router_of_ones_own_chooses_the_partition()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.CreateAsync(Name("t"), 3, Cancellation);
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { Router = static (message, partitions) => message.Payload.Length % partitions }, Cancellation);

        (await publisher.PublishAsync(Message("xx"), Cancellation)).Partition.ShouldBe(2);
        (await publisher.PublishAsync(Message("xxx"), Cancellation)).Partition.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_topic_that_single_messages_were_published_to_can_be_deleted_and_does_not_come_back(bool force)
    {
        await using var fixture = await StartAsync();
        for (var i = 0; i < 20; i++)
        {
            (await fixture.Client.PublishAsync(Name("t"), Message("m"), Cancellation)).Partition.ShouldBe(-1);
            await fixture.Broker.DeleteAsync(Name("t"), force, Cancellation);

            // Another topic of that name, which would be refused if the publisher had made the old one anew.
            await fixture.Broker.CreateAsync(Name("t"), 2, Cancellation);
            (await fixture.Client.PublishAsync(Name("t"), Message("m"), Cancellation)).Partition.ShouldBeGreaterThanOrEqualTo(0);
            await fixture.Broker.DeleteAsync(Name("t"), force, Cancellation);
        }
    }

    [Fact]
    public async Task A_publisher_that_somebody_holds_keeps_its_topic_and_goes_on_when_it_was_deleted_by_force()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions(), Cancellation);
        (await Should.ThrowAsync<ProblemException>(async () => await fixture.Broker.DeleteAsync(Name("t"), force: false, Cancellation))).Problem.Slug.ShouldBe("conflict");

        await fixture.Broker.DeleteAsync(Name("t"), force: true, Cancellation);

        (await publisher.PublishAsync(Message("m"), Cancellation)).Partition.ShouldBe(-1);
    }

    [Fact]
    public async Task A_publisher_uses_partitions_that_come_later()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.CreateAsync(Name("t"), 1, Cancellation);
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions(), Cancellation);
        (await publisher.PublishAsync(Message("m"), Cancellation)).Partition.ShouldBe(0);

        await fixture.Broker.GrowAsync(Name("t"), 2, Cancellation);

        var seen = new HashSet<int>();
        for (var left = 1000; left > 0 && seen.Count < 2; left--)
        {
            seen.Add((await publisher.PublishAsync(Message("m"), Cancellation)).Partition);
        }

        seen.ShouldBe([0, 1], ignoreOrder: true);
    }

    [Fact]
    public async Task Nothing_is_lost_or_out_of_order_when_the_topic_leaves_memory_again_and_again()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { Name = "p" }, Cancellation);
        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfTopic(Name("t")), new TopicPolicies { Deduplication = true }, null, Cancellation);
        await using var consumer = await fixture.SubscribeAsync("t", Subscription("s"));

        // The topic is let go behind every tenth message, while the next one is published.
        using var published = new SemaphoreSlim(0);
        var publishing = Task.Run(
            async () =>
            {
                try
                {
                    for (var i = 0; i < 300; i++)
                    {
                        await publisher.PublishAsync(Message($"{i}"), Cancellation);
                        published.Release();
                    }
                }
                finally
                {
                    // Who waits for messages that failed is told so by the task.
                    published.Release(300);
                }
            },
            Cancellation);
        for (var unloads = 0; unloads < 30; unloads++)
        {
            for (var i = 0; i < 10; i++)
            {
                await published.WaitAsync(Cancellation);
            }

            await (await fixture.Broker.GetAsync(Name("t"), TopicCreation.Never, Cancellation)).UnloadAsync(Cancellation);
        }

        await publishing;
        var seen = new List<int>();
        while (seen.Distinct().Count() < 300)
        {
            seen.Add(int.Parse((await ConsumeAsync(consumer, 1))[0], System.Globalization.CultureInfo.InvariantCulture));
        }

        // Each for the first time in the order in which it was published; what was in hand when the topic left came again.
        seen.Distinct().ShouldBe(Enumerable.Range(0, 300));
    }

    [Fact]
    public async Task Messages_that_wait_for_room_keep_their_order()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { MaxPending = 4 }, Cancellation);

        var publishing = Enumerable.Range(0, 1000).Select(i => publisher.PublishAsync(Message($"{i}"), Cancellation).AsTask()).ToList();

        await Task.WhenAll(publishing);
        (await fixture.Brokers.TextsAsync("t")).ShouldBe(Enumerable.Range(0, 1000).Select(static i => $"{i}"));
    }

    [Fact]
    public async Task A_message_that_is_taken_back_while_it_waits_for_room_is_not_published()
    {
        await using var fixture = await StartAsync();
        await using var publisher = await fixture.Client.PublisherAsync(
            Name("t"), new PublisherOptions { MaxPending = 1, Batching = new BatchingOptions { Delay = TimeSpan.FromMinutes(1) } }, Cancellation);
        var first = publisher.PublishAsync(Message("first"), Cancellation).AsTask();
        using var patience = new CancellationTokenSource();
        var second = publisher.PublishAsync(Message("second"), patience.Token).AsTask();
        var third = publisher.PublishAsync(Message("third"), Cancellation).AsTask();

        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(second);
        await publisher.FlushAsync(Cancellation);
        await first;
        await UntilFlushedAsync(publisher, third);

        (await fixture.Brokers.TextsAsync("t")).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_publisher_that_is_lost_again_while_it_is_attached_again_goes_on()
    {
        await using var fixture = await StartAsync();
        var server = new LosingServer(new LocalTopicServer(fixture.Broker));
        await using var publisher = new PartitionPublisher(server, Name("t"), "p", new PublisherOptions(), TimeProvider.System, server, null);
        await publisher.OpenAsync(Cancellation);

        server.LosesNext = true;
        server.Last!.Closed(CloseReason.Moved);

        await publisher.PublishAsync(Message("m"), Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        var topic = await fixture.Brokers.GetAsync("t");
        await UntilAsync(() => topic.Figures().Producers.Count == 1);
    }

    [Fact]
    public async Task What_stands_behind_a_message_that_has_failed_is_not_published_where_the_publisher_counts_for_itself()
    {
        await using var fixture = await StartAsync();
        var server = new LosingServer(new LocalTopicServer(fixture.Broker));
        await using (var publisher = new PartitionPublisher(
            server, Name("t"), "p", new PublisherOptions { FirstSequenceId = 0, EndsWithFailure = true, SendTimeout = TimeSpan.FromMilliseconds(500) }, TimeProvider.System, server, null))
        {
            await publisher.OpenAsync(Cancellation);
            server.IsAway = true;
            server.Last!.Closed(CloseReason.Moved);
            await UntilAsync(() => server.Refusals > 0);
            var first = publisher.PublishAsync(Message("first"), Cancellation).AsTask();
            await UntilAsync(() => server.Refusals > 1);
            var second = publisher.PublishAsync(Message("second"), Cancellation).AsTask();

            await Should.ThrowAsync<ProblemException>(first);
            server.IsAway = false;

            // Its own time is not over yet.
            await Should.ThrowAsync<ProblemException>(second);
            await Should.ThrowAsync<ProblemException>(async () => await publisher.PublishAsync(Message("third"), Cancellation));
        }

        (await fixture.Brokers.TextsAsync("t")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_over_the_limit_fails_alone()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfNamespace("default", "default"), new TopicPolicies { MaxMessageBytes = 1000 }, null, Cancellation);
        await using var publisher = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions(), Cancellation);

        (await Should.ThrowAsync<ProblemException>(async () => await publisher.PublishAsync(Message(new string('x', 1017)), Cancellation))).Problem.Slug.ShouldBe("message-too-large");
        await publisher.PublishAsync(Message(new string('x', 1000)) with { Properties = [new("note", new string('p', 5000))] }, Cancellation);
        var tooMuch = Message("small") with { Properties = [new("note", new string('p', 12_000))] };
        (await Should.ThrowAsync<ProblemException>(async () => await publisher.PublishAsync(tooMuch, Cancellation))).Problem.Slug.ShouldBe("message-too-large");
        await publisher.PublishAsync(Message("small"), Cancellation);
    }

    [Fact]
    public async Task An_exclusive_publisher_keeps_others_out_until_it_is_gone()
    {
        await using var fixture = await StartAsync();
        var first = await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { Access = ProducerAccess.Exclusive }, Cancellation);

        (await Should.ThrowAsync<ProblemException>(async () => await fixture.Client.PublisherAsync(Name("t"), new PublisherOptions(), Cancellation))).Problem.Slug.ShouldBeOneOf("producer-busy", "producer-fenced");
        var waiting = fixture.Client.PublisherAsync(Name("t"), new PublisherOptions { Access = ProducerAccess.WaitForExclusive }, Cancellation).AsTask();
        waiting.IsCompleted.ShouldBeFalse();
        await first.DisposeAsync();

        await using var second = await waiting;
        await second.PublishAsync(Message("m"), Cancellation);
    }

    [Fact]
    public async Task A_topic_that_is_not_there_and_not_made_by_itself_is_a_problem()
    {
        await using var fixture = await StartAsync();
        await fixture.Broker.SetPoliciesAsync(PolicyOwner.OfNamespace("default", "default"), new TopicPolicies { AutoCreation = new AutoCreation(false) }, null, Cancellation);

        (await Should.ThrowAsync<ProblemException>(async () => await fixture.Client.PublishAsync(Name("t"), Message("m"), Cancellation))).Problem.Slug.ShouldBe("not-found");
        (await Should.ThrowAsync<ProblemException>(async () => await fixture.SubscribeAsync("t", Subscription("s")))).Problem.Slug.ShouldBe("not-found");

        await fixture.Broker.CreateAsync(Name("t"), 0, Cancellation);
        await fixture.PublishAsync("t", "m");
    }

    // A message that was let in may wait in a batch.
    private static async Task UntilFlushedAsync(ITopicPublisher publisher, Task published)
    {
        for (var left = 1000; !published.IsCompleted; left--)
        {
            left.ShouldBeGreaterThan(0, "It was never published.");
            await publisher.FlushAsync(Cancellation);
            await Task.WhenAny(published, Task.Delay(10, Cancellation));
        }

        await published;
    }
}
