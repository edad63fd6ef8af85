using System.Buffers.Binary;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Execution.Channel;

namespace Virga.Execution.Asks;

/// <summary>What one call has asked of the platform, and not yet been answered.</summary>
internal sealed class CallAsks(WorkerChannel channel, uint call, Invocation invocation)
{
    private const int PrefixLength = 5;
    private const byte MoreFollows = 1;
    private const int MaxOpen = 1024;

    // Guards the requests; held for a few instructions. The receiving thread adds, others take away.
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, OpenAsk> _open = [];
    private bool _ended;

    private PlatformPort Port => channel.Platform;

    /// <summary>ASK has arrived. Runs on the receiving thread.</summary>
    /// <exception cref="WorkerProtocolException">It breaks a rule.</exception>
    public void OnAsk(ReadOnlySpan<byte> body)
    {
        if (body.Length < PrefixLength || body[4] > MoreFollows)
        {
            throw new WorkerProtocolException("The body of an ASK frame begins with 4 bytes of its id and a byte of flags, 0 or 1.");
        }

        var id = BinaryPrimitives.ReadUInt32LittleEndian(body);
        var more = body[4] == MoreFollows;
        var piece = body[PrefixLength..];
        OpenAsk? ask;
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            ask = Find(id, add: more);
        }

        if (ask is null)
        {
            if (TryAnswer(id, piece))
            {
                return;
            }

            ask = new OpenAsk(id);
            if (Add(ask))
            {
                Gather(ask, piece);
                Begin(ask);
            }

            return;
        }

        Gather(ask, piece);
        if (!more && !TryAnswerGathered(ask))
        {
            Begin(ask);
        }
    }

    /// <summary>WITHDRAW has arrived.</summary>
    /// <exception cref="WorkerProtocolException">It breaks a rule.</exception>
    public void OnWithdraw(ReadOnlySpan<byte> body)
    {
        if (body.Length != 4)
        {
            throw new WorkerProtocolException("The body of a WITHDRAW frame has 4 bytes.");
        }

        var id = BinaryPrimitives.ReadUInt32LittleEndian(body);
        OpenAsk? ask;
        lock (_gate)
        {
            if (!_open.TryGetValue(id, out ask))
            {
                // Its answer is on its way.
                return;
            }

            if (!ask.IsWhole)
            {
                _open.Remove(id);
            }
        }

        if (ask.IsWhole)
        {
            ask.Cancel();
        }
        else
        {
            Drop(ask);
        }
    }

    /// <summary>The call has been answered: nobody waits for what it asked.</summary>
    public void End()
    {
        OpenAsk[] left;
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            left = [.. _open.Values];
            foreach (var ask in left)
            {
                if (!ask.IsWhole)
                {
                    _open.Remove(ask.Id);
                }
            }
        }

        foreach (var ask in left)
        {
            if (ask.IsWhole)
            {
                ask.Cancel();
            }
            else
            {
                Drop(ask);
            }
        }
    }

    // Under the gate.
    private OpenAsk? Find(uint id, bool add)
    {
        if (_open.Count > 0 && _open.TryGetValue(id, out var known))
        {
            return known.IsWhole ? throw new WorkerProtocolException($"The worker used the id {id} of a request again before it was answered.") : known;
        }

        if (_open.Count >= MaxOpen)
        {
            throw new WorkerProtocolException($"A call may have {MaxOpen} requests open.");
        }

        if (!add)
        {
            return null;
        }

        var ask = new OpenAsk(id);
        _open.Add(id, ask);
        return ask;
    }

    private bool Add(OpenAsk ask)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return false;
            }

            _open.Add(ask.Id, ask);
            return true;
        }
    }

    private void Gather(OpenAsk ask, ReadOnlySpan<byte> piece)
    {
        if (ask.Length + piece.Length > AskLoad.MaxRequest)
        {
            throw new WorkerProtocolException($"A request may have {AskLoad.MaxRequest} bytes.");
        }

        channel.Load.AddGathered(piece.Length);
        lock (_gate)
        {
            // The end of the call may have dropped it meanwhile.
            if (!_ended)
            {
                ask.Append(piece);
                return;
            }
        }

        channel.Load.RemoveGathered(piece.Length);
    }

    private void Drop(OpenAsk ask)
    {
        channel.Load.RemoveGathered(ask.Length);
        ask.Dispose();
    }

    // The call ends on this thread, or after its last frame: the request cannot be dropped meanwhile.
    private bool TryAnswerGathered(OpenAsk ask)
    {
        if (!TryAnswer(ask.Id, ask.Request.Span))
        {
            return false;
        }

        lock (_gate)
        {
            _open.Remove(ask.Id);
        }

        Drop(ask);
        return true;
    }

    // Most answers are in memory: they cost neither a task nor a copy of the request.
    private bool TryAnswer(uint id, ReadOnlySpan<byte> request)
    {
        var answer = AnswerBuffer.Rent(load: null);
        try
        {
            if (!Port.Calls.TryAnswer(invocation, request, answer))
            {
                return false;
            }

            channel.SendAnswer(call, id, answer.Written);
            return true;
        }
        catch (Exception e)
        {
            // Whatever a request does, the loop that receives for all calls goes on.
            SendProblem(id, answer, e);
            return true;
        }
        finally
        {
            answer.Return();
        }
    }

    private void Begin(OpenAsk ask)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            ask.Complete();
        }

        channel.Load.RemoveGathered(ask.Length);
        channel.Load.AddWaiting(ask.Length);
        Port.Begin();
        _ = AnswerAsync(ask);
    }

    // Owned by the port, which waits for it at the end; it never fails.
    private async Task AnswerAsync(OpenAsk ask)
    {
        var answer = AnswerBuffer.Rent(channel.Load);
        Exception? failure = null;
        try
        {
            await Port.Calls.AnswerAsync(invocation, ask.Request, answer, ask.Token);
        }
        catch (Exception e)
        {
            failure = e;
        }

        var withdrawn = ask.Token.IsCancellationRequested;
        lock (_gate)
        {
            _open.Remove(ask.Id);
        }

        if (!withdrawn)
        {
            if (failure is null)
            {
                channel.SendAnswer(call, ask.Id, answer.Written);
            }
            else
            {
                SendProblem(ask.Id, answer, failure);
            }
        }

        answer.Return();
        channel.Load.RemoveWaiting(ask.Length);
        ask.Dispose();
        Port.End();
    }

    private void SendProblem(uint id, AnswerBuffer answer, Exception failure)
    {
        answer.Reset();
        PlatformPort.WriteProblem(answer, Port.ProblemOf(failure, invocation));
        channel.SendAnswer(call, id, answer.Written);
    }
}
