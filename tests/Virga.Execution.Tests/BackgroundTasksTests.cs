using Microsoft.Extensions.Logging.Abstractions;

namespace Virga.Execution.Tests;

public sealed class BackgroundTasksTests
{
    private const int Rounds = 15_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Who waits goes on where the last task ends: on the stack of what was still to note its end.</summary>
    [Fact]
    public async Task The_wait_for_all_ends_when_it_began_while_the_last_was_added()
    {
        BackgroundTasks tasks = new(NullLogger.Instance);
        Task all = Task.CompletedTask;
        int begun = 0;
        int waits = 0;
        var waiter = new Thread(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                if (!SpinWait.SpinUntil(() => Volatile.Read(ref begun) == round, Patience))
                {
                    return;
                }

                Thread.SpinWait(round % 200);
                all = Volatile.Read(ref tasks).WhenAllAsync();
                Volatile.Write(ref waits, round);
            }
        })
        { IsBackground = true };
        waiter.Start();
        for (int round = 1; round <= Rounds; round++)
        {
            TaskCompletionSource ends = new();
            Volatile.Write(ref tasks, new BackgroundTasks(NullLogger.Instance));
            Volatile.Write(ref begun, round);
            tasks.Add(ends.Task, "the last");
            SpinWait.SpinUntil(() => Volatile.Read(ref waits) == round, Patience).ShouldBeTrue();

            var ending = Task.Run(ends.SetResult, TestContext.Current.CancellationToken);
            await Task.WhenAll(ending, all).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
    }
}
