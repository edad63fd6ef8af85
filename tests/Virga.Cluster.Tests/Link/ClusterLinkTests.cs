using System.Buffers.Binary;
using System.Diagnostics;
using Virga.Cluster.Link;
using Virga.Core.Nodes;

namespace Virga.Cluster.Tests.Link;

public sealed class ClusterLinkTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_ask_is_answered_in_both_directions()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        (await nodes.EchoAsync("a", "b", [1, 2])).ShouldBe([1, 2]);
        (await nodes.EchoAsync("b", "a", [3])).ShouldBe([3]);
        (await nodes.EchoAsync("a", "a", [4])).ShouldBe([4]);
        (await nodes.EchoAsync("a", "b", [])).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_pair_of_three_nodes_is_linked()
    {
        await using var nodes = LinkedNodes.Start("a", "b", "c");
        foreach (var (from, to) in new[] { ("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b") })
        {
            (await nodes.EchoAsync(from, to, [7])).ShouldBe([7]);
        }
    }

    [Fact]
    public async Task Posts_of_one_topic_arrive_in_their_order_also_when_some_are_long()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        const int Count = 500;
        var arrived = new List<int>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes["b"].Handle(NodeTopic.StateUpdate, (_, body, _) =>
        {
            arrived.Add(BinaryPrimitives.ReadInt32LittleEndian(body.Span));
            if (arrived.Count == Count)
            {
                all.SetResult();
            }

            return default;
        });

        for (var i = 0; i < Count; i++)
        {
            var body = new byte[i % 50 == 0 ? 300_000 : 16];
            BinaryPrimitives.WriteInt32LittleEndian(body, i);
            nodes["a"].Post(LinkedNodes.Name("b"), NodeTopic.StateUpdate, body);
        }

        await all.Task.WaitAsync(LinkedNodes.Patience, Cancellation);
        arrived.ShouldBe(Enumerable.Range(0, Count));
    }

    [Fact]
    public async Task What_is_posted_before_the_connection_is_there_arrives()
    {
        await using var nodes = new LinkedNodes();
        nodes.Add("a");
        var arrived = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes.Add("b").Handle(NodeTopic.StateIndex, (_, body, _) =>
        {
            arrived.SetResult(body.ToArray());
            return default;
        });
        nodes["a"].ViewChanged += view => nodes["a"].Post(LinkedNodes.Name("b"), NodeTopic.StateIndex, new byte[] { 9 });

        nodes.ShowAll();

        (await arrived.Task.WaitAsync(LinkedNodes.Patience, Cancellation)).ShouldBe([9]);
    }

    [Fact]
    public async Task Thousands_of_asks_at_a_time_each_get_their_own_answer()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        var answers = await Task.WhenAll(Enumerable.Range(0, 5_000).Select(i => nodes.EchoAsync(i % 2 == 0 ? "a" : "b", i % 2 == 0 ? "b" : "a", BitConverter.GetBytes(i))));
        answers.Select(answer => BitConverter.ToInt32(answer)).ShouldBe(Enumerable.Range(0, 5_000));
    }

    [Fact]
    public async Task The_longest_message_comes_back_unchanged_and_a_longer_one_is_refused()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        var longest = new byte[20 << 20];
        new Random(5).NextBytes(longest);
        (await nodes.EchoAsync("a", "b", longest)).AsSpan().SequenceEqual(longest).ShouldBeTrue();
        await Should.ThrowAsync<ArgumentException>(() => nodes.EchoAsync("a", "b", new byte[(20 << 20) + 1]));
    }

    [Fact]
    public async Task A_short_ask_overtakes_long_ones()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        await nodes.EchoAsync("a", "b", [1]);
        var order = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var longOnes = Enumerable.Range(0, 3).Select(async _ =>
        {
            await nodes.EchoAsync("a", "b", new byte[16 << 20]);
            order.Enqueue("long");
        }).ToList();

        await nodes.EchoAsync("a", "b", [1]);
        order.Enqueue("short");
        await Task.WhenAll(longOnes);

        order.First().ShouldBe("short");
    }

    [Fact]
    public async Task A_cancelled_ask_cancels_its_handler()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes["b"].Handle(NodeTopic.FunctionCall, async (_, _, token) =>
        {
            began.SetResult();
            await using var registration = token.Register(cancelled.SetResult);
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return default;
        });
        using var asking = new CancellationTokenSource();
        var ask = nodes["a"].AskAsync(LinkedNodes.Name("b"), NodeTopic.FunctionCall, new byte[1], asking.Token).AsTask();
        await began.Task.WaitAsync(LinkedNodes.Patience, Cancellation);

        await asking.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => ask);
        await cancelled.Task.WaitAsync(LinkedNodes.Patience, Cancellation);
        (await nodes.EchoAsync("a", "b", [1])).ShouldBe([1]);
    }

    [Fact]
    public async Task A_handler_that_fails_fails_its_ask_and_nothing_else()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        nodes["b"].Handle(NodeTopic.FunctionCall, static (_, _, _) => throw new InvalidOperationException("out of luck"));
        (await Should.ThrowAsync<NodeUnreachableException>(async () => await nodes["a"].AskAsync(LinkedNodes.Name("b"), NodeTopic.FunctionCall, new byte[1], Cancellation)))
            .Message.ShouldContain("out of luck");
        (await Should.ThrowAsync<NodeUnreachableException>(async () => await nodes["a"].AskAsync(LinkedNodes.Name("b"), NodeTopic.DagResult, new byte[1], Cancellation)))
            .Message.ShouldContain("0x21");
        (await nodes.EchoAsync("a", "b", [1])).ShouldBe([1]);
    }

    [Fact]
    public async Task Asks_that_wait_fail_when_their_node_ends()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes["b"].Handle(NodeTopic.FunctionCall, async (_, _, token) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return default;
        });
        var suspected = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes["a"].Suspected += node => suspected.TrySetResult(node.Value);
        var ask = nodes["a"].AskAsync(LinkedNodes.Name("b"), NodeTopic.FunctionCall, new byte[1], Cancellation).AsTask();
        await began.Task.WaitAsync(LinkedNodes.Patience, Cancellation);

        await nodes.KillAsync("b");

        (await Should.ThrowAsync<NodeUnreachableException>(() => ask)).Node.ShouldBe(LinkedNodes.Name("b"));
        (await suspected.Task.WaitAsync(LinkedNodes.Patience, Cancellation)).ShouldBe("b");
    }

    [Fact]
    public async Task A_node_that_comes_back_is_linked_again()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        await nodes.EchoAsync("b", "a", [1]);
        var connections = 0;
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes["a"].Connected += node =>
        {
            if (Interlocked.Increment(ref connections) == 1)
            {
                again.SetResult();
            }
        };

        await nodes.KillAsync("b");
        nodes.Add("b");
        nodes.ShowAll();
        await again.Task.WaitAsync(LinkedNodes.Patience, Cancellation);

        (await nodes.EchoAsync("a", "b", [2])).ShouldBe([2]);
        (await nodes.EchoAsync("b", "a", [3])).ShouldBe([3]);
    }

    [Fact]
    public async Task Who_is_not_in_the_view_cannot_be_asked()
    {
        await using var nodes = LinkedNodes.Start("a", "b");
        await nodes.EchoAsync("a", "b", [1]);
        nodes["a"].Apply(new ClusterView(99, [nodes.MemberOf("a")]));
        await Should.ThrowAsync<NodeUnreachableException>(() => nodes.EchoAsync("a", "b", [1]));
        nodes["a"].Post(LinkedNodes.Name("b"), NodeTopic.DagStep, new byte[1]);
    }

    [Fact]
    public async Task An_ask_of_a_node_that_does_not_listen_fails_within_the_patience()
    {
        await using var nodes = LinkedNodes.Start(options => options with { Patience = TimeSpan.FromMilliseconds(200) }, "a", "b");
        await nodes.KillAsync("b");
        var watch = Stopwatch.StartNew();
        await Should.ThrowAsync<NodeUnreachableException>(() => nodes.EchoAsync("a", "b", [1]));
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Asks_wait_for_room_and_all_are_answered()
    {
        await using var nodes = LinkedNodes.Start(options => options with { QueueBytes = 256 << 10 }, "a", "b");
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => nodes.EchoAsync("a", "b", new byte[100_000])));
        answers.ShouldAllBe(answer => answer.Length == 100_000);
    }

    [Fact]
    public async Task More_asks_than_a_node_can_work_on_are_refused_at_once()
    {
        await using var nodes = LinkedNodes.Start(options => options with { MaxServing = 10 }, "a", "b");
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes["b"].Handle(NodeTopic.FunctionCall, async (_, _, _) =>
        {
            await release.Task;
            return default;
        });

        var asks = Enumerable.Range(0, 30).Select(async _ =>
        {
            try
            {
                await nodes["a"].AskAsync(LinkedNodes.Name("b"), NodeTopic.FunctionCall, new byte[1], Cancellation);
                return true;
            }
            catch (NodeUnreachableException e) when (e.Message.Contains("overloaded", StringComparison.Ordinal))
            {
                return false;
            }
        }).ToList();
        while (asks.Count(ask => ask.IsCompleted) < 20)
        {
            await Task.WhenAny(asks.Where(ask => !ask.IsCompleted));
        }

        release.SetResult();

        (await Task.WhenAll(asks)).Count(answered => answered).ShouldBe(10);
    }
}
