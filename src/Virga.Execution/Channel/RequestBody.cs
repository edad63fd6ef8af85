using System.Buffers;
using System.IO.Pipelines;

namespace Virga.Execution.Channel;

/// <summary>Sends a streamed request body to the worker, never more than the worker has given credit for.</summary>
internal sealed class RequestBody(FrameSender sender, uint call, PipeReader body)
{
    private readonly SendCredit _credit = new();
    private readonly Lock _gate = new();
    private bool _finished;

    public void AddCredit(uint bytes) => _credit.Add(bytes);

    /// <summary>The rest is not wanted any more.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _credit.Stop();
            if (!_finished)
            {
                // Ends a wait for a client that has stopped sending.
                body.CancelPendingRead();
            }
        }
    }

    /// <summary>Sends all of the body, or until <see cref="Stop"/>.</summary>
    public async Task SendAsync(WorkerCall owner)
    {
        try
        {
            await SendAllAsync(owner);
        }
        finally
        {
            lock (_gate)
            {
                _finished = true;
            }
        }
    }

    private async Task SendAllAsync(WorkerCall owner)
    {
        while (!_credit.Stopped)
        {
            var read = await body.ReadAsync();
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                return;
            }

            var buffer = read.Buffer;
            while (!buffer.IsEmpty)
            {
                var granted = await _credit.TakeAsync((int)Math.Min(buffer.Length, Frame.MaxBodyPiece), CancellationToken.None);
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
