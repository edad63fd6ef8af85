using System.Buffers;
using System.IO.Pipelines;

namespace Virga.Execution.Channel;

/// <summary>Sends a streamed request body to the worker, never more than the worker has given credit for.</summary>
internal sealed class RequestBody(FrameSender sender, uint call)
{
    private readonly SendCredit _credit = new();

    public void AddCredit(uint bytes) => _credit.Add(bytes);

    /// <summary>The rest is not wanted any more.</summary>
    public void Stop() => _credit.Stop();

    /// <summary>Sends all of <paramref name="body"/>, or until <see cref="Stop"/>.</summary>
    public async Task SendAsync(PipeReader body, WorkerCall owner)
    {
        while (!_credit.Stopped)
        {
            // Stop() must also end a wait for a client that has stopped sending.
            using var stopped = _credit.StopToken.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), body);
            var read = await body.ReadAsync();
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                return;
            }

            var buffer = read.Buffer;
            while (!buffer.IsEmpty)
            {
                var granted = await _credit.TakeAsync((int)Math.Min(buffer.Length, Frame.MaxBodyPiece));
                if (granted == 0)
                {
                    body.AdvanceTo(buffer.Start);
                    return;
                }

                sender.Send(FrameKind.Body, call, [], buffer.Slice(0, granted));
                owner.CountIn(granted);
                buffer = buffer.Slice(granted);
            }

            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
