using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Virga.Core.Resources;
using Virga.Core.Streams;
using Virga.Streams.Calls;

namespace Virga.Streams.Lanes;

/// <summary>
/// The calls of a lane: so many at a time as its parallelism says, works of one key never at the same time and in their order. A work that fails is tried again; when that does not help
/// either, its messages go to the dead letters.
/// </summary>
internal sealed class LaneCalls
{
    private readonly StreamSpec _spec;
    private readonly FunctionCaller _caller;
    private readonly DeadLetters _deadLetters;
    private readonly LaneFigures _figures;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StreamName _stream;
    private readonly Channel<StreamWork>[] _slots;
    private uint _turn;

    /// <summary>The calls of a lane.</summary>
    public LaneCalls(StreamFunction stream, FunctionCaller caller, DeadLetters deadLetters, LaneFigures figures, TimeProvider time, ILogger logger)
    {
        _stream = stream.Name;
        _spec = stream.Spec;
        _caller = caller;
        _deadLetters = deadLetters;
        _figures = figures;
        _time = time;
        _logger = logger;
        _slots = new Channel<StreamWork>[_spec.Parallelism];
        for (var i = 0; i < _slots.Length; i++)
        {
            _slots[i] = Channel.CreateUnbounded<StreamWork>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        }
    }

    /// <summary>Hands a work over; called by one thread at a time.</summary>
    public void Submit(StreamWork work)
    {
        var slot = work.Key is { } key ? (uint)string.GetHashCode(key, StringComparison.Ordinal) : _turn++;
        _slots[slot % (uint)_slots.Length].Writer.TryWrite(work);
    }

    /// <summary>Runs them until it is cancelled or one of them cannot go on.</summary>
    public Task RunAsync(CancellationToken cancellation) => FirstFailure.OfAsync([.. _slots.Select(slot => RunAsync(slot.Reader, cancellation))]);

    private async Task RunAsync(ChannelReader<StreamWork> slot, CancellationToken cancellation)
    {
        var works = new List<StreamWork>(_spec.Batch);
        while (await slot.WaitToReadAsync(cancellation))
        {
            works.Clear();
            while (works.Count < _spec.Batch && slot.TryRead(out var work))
            {
                works.Add(work);
            }

            await HandleAsync(works, cancellation);
        }
    }

    private async Task HandleAsync(List<StreamWork> works, CancellationToken cancellation)
    {
        var (failures, held) = (0, 0);
        while (true)
        {
            var (results, failure) = await CallAsync(works, cancellation);
            if (results is not null)
            {
                for (var i = 0; i < works.Count; i++)
                {
                    works[i].Complete(results[i]);
                }

                return;
            }

            if (failure!.IsHeld)
            {
                held++;
                await Task.Delay(failure.RetryAfter ?? RetryPause.After(held), _time, cancellation);
                continue;
            }

            _figures.CountFailed();
            failures++;
            if (failures > (_spec.Processing == StreamProcessing.AtMostOnce ? 0 : _spec.Retries))
            {
                await GiveUpAsync(works, failure, cancellation);
                return;
            }

            _logger.CallFailed(_stream, failures, $"{failure.Detail} ({failure.Slug})");
            await Task.Delay(RetryPause.After(failures), _time, cancellation);
        }
    }

    private async ValueTask<(IReadOnlyList<IReadOnlyList<StreamResult>>? Results, CallFailure? Failure)> CallAsync(List<StreamWork> works, CancellationToken cancellation)
    {
        _figures.CallBegins();
        try
        {
            return await _caller.CallAsync(works, cancellation);
        }
        finally
        {
            _figures.CallEnds();
        }
    }

    private async Task GiveUpAsync(List<StreamWork> works, CallFailure failure, CancellationToken cancellation)
    {
        if (works.Count > 1 && _spec.Processing != StreamProcessing.AtMostOnce)
        {
            // One of them may be what the function fails on; the others shall not go with it.
            foreach (var work in works)
            {
                await HandleAsync([work], cancellation);
            }

            return;
        }

        foreach (var work in works)
        {
            await _deadLetters.PutAsync(work, failure, cancellation);
            _figures.CountDeadLettered(work.Messages.Count);
            work.Complete([]);
        }
    }
}
