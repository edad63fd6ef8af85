using Virga.Core.Problems;
using Virga.State.Binary;
using static Virga.Composition.Tests.Platform.Requests;

namespace Virga.Composition.Tests.Platform;

/// <summary>Messages between running functions.</summary>
public sealed class MessageTests : IAsyncLifetime
{
    private AskingFunctions _functions = null!;

    public async ValueTask InitializeAsync() => _functions = await AskingFunctions.StartAsync();

    public ValueTask DisposeAsync() => _functions.DisposeAsync();

    [Fact]
    public async Task A_message_wakes_the_function_that_waits_for_it()
    {
        var (sender, receiver) = (_functions.Call(), _functions.Call());
        var waiting = _functions.AskAsync(receiver, Receive(20_000));

        (await _functions.AskAsync(sender, Send($"single.{receiver.Id}", [7]))).ShouldBe([1]);

        Read(await waiting).ShouldBe([($"single.{sender.Id}", (byte)7)]);
    }

    [Fact]
    public async Task Messages_are_received_in_their_order_and_as_many_as_are_asked_for()
    {
        var (sender, receiver) = (_functions.Call(), _functions.Call());
        for (byte i = 0; i < 5; i++)
        {
            await _functions.AskAsync(sender, Send($"single.{receiver.Id}", [i]));
        }

        Read(await _functions.AskAsync(receiver, Receive(0, most: 3))).Select(m => m.Content).ShouldBe([0, 1, 2]);
        Read(await _functions.AskAsync(receiver, Receive(0))).Select(m => m.Content).ShouldBe([3, 4]);
        Read(await _functions.AskAsync(receiver, Receive(0))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_to_a_call_that_has_ended_goes_into_its_inbox()
    {
        var (sender, receiver) = (_functions.Call(), _functions.Call());
        _functions.Platform.CallEnded(receiver);

        (await _functions.AskAsync(sender, Send($"single.{receiver.Id}", [7]))).ShouldBe([2]);

        // The same call, run again, finds it there.
        _functions.Platform.CallStarted(receiver);
        Read(await _functions.AskAsync(receiver, Receive(0))).ShouldBe([($"single.{sender.Id}", (byte)7)]);
        Read(await _functions.AskAsync(receiver, Receive(0))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_to_a_node_that_is_gone_goes_into_the_inbox()
    {
        (await _functions.AskAsync(_functions.Call(), Send($"gone.{_functions.Call().Id}", [7]))).ShouldBe([2]);
    }

    [Fact]
    public async Task An_id_is_no_good_in_another_namespace()
    {
        var receiver = _functions.Call("one");

        (await _functions.AskAsync(_functions.Call("two"), Send($"single.{receiver.Id}", [7]))).ShouldBe([2]);

        Read(await _functions.AskAsync(receiver, Receive(0))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_full_mailbox_takes_no_more_until_something_is_received()
    {
        var (sender, receiver) = (_functions.Call(), _functions.Call());
        for (var i = 0; i < 1000; i++)
        {
            await _functions.AskAsync(sender, Send($"single.{receiver.Id}", [1]));
        }

        (await FailureAsync(() => _functions.AskAsync(sender, Send($"single.{receiver.Id}", [1])))).ShouldBe("mailbox-full");
        await _functions.AskAsync(receiver, Receive(0, most: 1));
        (await _functions.AskAsync(sender, Send($"single.{receiver.Id}", [1]))).ShouldBe([1]);
    }

    [Fact]
    public async Task Large_messages_fill_a_mailbox_sooner()
    {
        var (sender, receiver) = (_functions.Call(), _functions.Call());
        for (var i = 0; i < 15; i++)
        {
            await _functions.AskAsync(sender, Send($"single.{receiver.Id}", new byte[(1 << 20) - 1]));
        }

        (await FailureAsync(() => _functions.AskAsync(sender, Send($"single.{receiver.Id}", new byte[(1 << 20) - 1])))).ShouldBe("mailbox-full");
        (await FailureAsync(() => _functions.AskAsync(sender, Send($"single.{receiver.Id}", new byte[1 << 20])))).ShouldBe("request-too-large");
    }

    [Fact]
    public async Task Large_messages_in_an_inbox_come_in_answers_that_have_room_for_them()
    {
        var (sender, receiver) = (_functions.Call(), _functions.Call());
        _functions.Platform.CallEnded(receiver);
        for (byte i = 0; i < 20; i++)
        {
            var content = new byte[(1 << 20) - 1];
            content[0] = i;
            (await _functions.AskAsync(sender, Send($"single.{receiver.Id}", content))).ShouldBe([2]);
        }

        _functions.Platform.CallStarted(receiver);
        var answers = new List<byte[]>();
        while (await _functions.AskAsync(receiver, Receive(0)) is [not 0, ..] answer)
        {
            answers.Add(answer);
        }

        answers.ShouldAllBe(answer => answer.Length < 17 << 20);
        answers.SelectMany(Read).Select(m => (int)m.Content).ShouldBe(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task All_mailboxes_together_have_a_bound_and_give_their_memory_back()
    {
        var sender = _functions.Call();
        var receivers = new List<Virga.Core.Invocations.Invocation>();
        var refused = 0;
        while (refused == 0)
        {
            receivers.Count.ShouldBeLessThan(30);
            receivers.Add(_functions.Call());
            for (var i = 0; i < 15 && refused == 0; i++)
            {
                refused += await FillAsync(receivers[^1]);
            }
        }

        receivers.Count.ShouldBeGreaterThan(10);

        // One ends without having received, another receives: both make room.
        _functions.Platform.CallEnded(receivers[0]);
        (await FillAsync(receivers[^1])).ShouldBe(0);
        receivers.ForEach(_functions.Platform.CallEnded);
        (await FillAsync(_functions.Call())).ShouldBe(0);

        async Task<int> FillAsync(Virga.Core.Invocations.Invocation receiver)
        {
            try
            {
                (await _functions.AskAsync(sender, Send($"single.{receiver.Id}", new byte[(1 << 20) - 1]))).ShouldBe([1]);
                return 0;
            }
            catch (ProblemException e) when (e.Problem.Slug == "mailbox-full")
            {
                return 1;
            }
        }
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("single.")]
    [InlineData("single.01")]
    [InlineData("Not A Node.01KG3N5ZB8M3T9Q2W7X4Y6V0RS")]
    public async Task What_is_no_id_is_refused(string id)
    {
        (await FailureAsync(() => _functions.AskAsync(_functions.Call(), Send(id, [1])))).ShouldBe("invalid-request");
    }

    [Fact]
    public async Task A_wait_that_is_withdrawn_ends()
    {
        using var withdraw = new CancellationTokenSource();
        var waiting = _functions.AskAsync(_functions.Call(), Receive(60_000), withdraw.Token);

        await withdraw.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        (await FailureAsync(() => _functions.AskAsync(_functions.Call(), Receive(60_001)))).ShouldBe("invalid-request");
        (await FailureAsync(() => _functions.AskAsync(_functions.Call(), Receive(0, most: 0)))).ShouldBe("invalid-request");
    }

    private static async Task<string> FailureAsync(Func<Task> ask) => (await Should.ThrowAsync<ProblemException>(ask)).Problem.Slug;

    private static List<(string From, byte Content)> Read(byte[] answer)
    {
        var reader = new ByteReader(answer);
        var messages = new List<(string, byte)>();
        for (var left = reader.ReadVarint(); left > 0; left--)
        {
            messages.Add((reader.ReadText(), reader.ReadBytes()[1]));
        }

        return messages;
    }
}
