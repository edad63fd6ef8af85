using System.Net.Sockets;
using Virga.Execution.Channel;
using Virga.Execution.Processes;

namespace Virga.Execution.Tests.Channel;

/// <summary>Receivers hear of what has come and of the end, whatever other receivers do.</summary>
public sealed class ArrivalWatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Each_arrival_is_told_once_for_each_wait()
    {
        using var pair = SocketPair.Create();
        using var arrival = ArrivalWatch.Shared.Watch(pair.Ours);
        var buffer = new byte[16];
        for (var i = 0; i < 1000; i++)
        {
            var next = arrival.NextAsync();
            Write(pair, (byte)i);
            await next.AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
            pair.Ours.Receive(buffer).ShouldBe(1);
            buffer[0].ShouldBe((byte)i);
        }
    }

    [Fact]
    public async Task What_came_before_the_wait_is_told()
    {
        using var pair = SocketPair.Create();
        using var arrival = ArrivalWatch.Shared.Watch(pair.Ours);
        Write(pair, 1);

        await arrival.NextAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        await arrival.NextAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

        pair.Ours.Receive(new byte[1]).ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_of_the_other_side_is_told(bool before)
    {
        using var pair = SocketPair.Create();
        using var arrival = ArrivalWatch.Shared.Watch(pair.Ours);
        if (before)
        {
            pair.Theirs.Dispose();
        }

        var next = arrival.NextAsync();
        pair.Theirs.Dispose();

        await next.AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        pair.Ours.Receive(new byte[1], SocketFlags.None, out _).ShouldBe(0);
    }

    [Fact]
    public async Task Receivers_that_block_keep_no_other_from_hearing()
    {
        using var release = new ManualResetEventSlim();
        var blocked = Enumerable.Range(0, ArrivalWatch.Threads + 1).Select(_ => SocketPair.Create()).ToList();
        try
        {
            var receivers = blocked.Select(pair => BlockAsync(pair, release)).ToList();
            foreach (var pair in blocked)
            {
                Write(pair, 1);
            }

            using var pairOfOther = SocketPair.Create();
            using var arrival = ArrivalWatch.Shared.Watch(pairOfOther.Ours);
            for (var i = 0; i < 100; i++)
            {
                var next = arrival.NextAsync();
                Write(pairOfOther, 1);
                await next.AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
                pairOfOther.Ours.Receive(new byte[1]).ShouldBe(1);
            }

            release.Set();
            await Task.WhenAll(receivers).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        finally
        {
            release.Set();
            blocked.ForEach(static pair => pair.Dispose());
        }
    }

    private static async Task BlockAsync(SocketPair pair, ManualResetEventSlim release)
    {
        using var arrival = ArrivalWatch.Shared.Watch(pair.Ours);
        await arrival.NextAsync();
        release.Wait(Patience, CancellationToken.None);
    }

    private static unsafe void Write(SocketPair pair, byte value) => Libc.Write(pair.Theirs.Number, &value, 1).ShouldBe(1);
}
