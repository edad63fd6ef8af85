using Virga.Bench.Topics.Load.Peers;

namespace Virga.Bench.Topics.Load.Runs;

/// <summary>A consumer that takes what comes, on a thread or in tasks.</summary>
internal sealed class Receiving(Consuming consuming)
{
    private readonly byte[] _replies = new byte[1024];

    /// <summary>Asked after each look at what has come.</summary>
    public required Func<bool> GoesOn { get; init; }

    public async Task RunAsync()
    {
        while (true)
        {
            var length = consuming.WriteReplies(_replies);
            if (length > 0)
            {
                await consuming.Wire.SendAsync(_replies.AsMemory(0, length));
            }

            if (!GoesOn())
            {
                return;
            }

            await consuming.Wire.ReceiveAsync();
            consuming.Wire.Consume(consuming.Read(consuming.Wire.Received));
        }
    }
}
