using Virga.Worker.Channel;

namespace Virga.Worker.Calls;

/// <summary>How many body bytes of one call the node is ready to take.</summary>
internal sealed class SendCredit
{
    private readonly Lock gate = new();
    private TaskCompletionSource? more;
    private long available = FrameLimits.InitialCredit;
    private bool isRevoked;

    /// <summary>Takes between <paramref name="least"/> and <paramref name="most"/> bytes, as soon as there are that many.</summary>
    /// <exception cref="OperationCanceledException">The call was cancelled: nobody gives credit any more.</exception>
    public async ValueTask<int> TakeAsync(int least, int most, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (isRevoked)
                {
                    throw new OperationCanceledException("Nobody waits for the body any more.");
                }

                if (available >= least)
                {
                    int taken = (int)Math.Min(available, most);
                    available -= taken;
                    return taken;
                }

                more ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = more.Task;
            }

            await wait.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Credit from the node, or a part of what was taken that is not needed.</summary>
    public void Add(long bytes)
    {
        lock (gate)
        {
            available += bytes;
            Wake();
        }
    }

    /// <summary>Nothing more may be sent: those who wait are told.</summary>
    public void Revoke()
    {
        lock (gate)
        {
            isRevoked = true;
            Wake();
        }
    }

    private void Wake()
    {
        more?.TrySetResult();
        more = null;
    }
}
