using System.Buffers;
using System.Collections.Concurrent;
using Virga.Composition.Platform;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Replicas;

namespace Virga.Composition.Messages;

/// <summary>Messages between running functions of one namespace: straight into the other's mailbox where its node can be reached, else into its inbox.</summary>
internal sealed class Mailboxes
{
    private const int MaxMessages = 1000;
    private const int MaxPatienceMilliseconds = 60_000;
    private const byte HandedOver = 1;
    private const byte PutIntoInbox = 2;
    private const byte Full = 3;

    // Mailboxes of all functions of the node together.
    private const long MaxBytes = 256L << 20;

    // How often a waiting function's inbox is looked into: only what comes from nodes that cannot reach this one comes that way.
    private static readonly TimeSpan InboxInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<InvocationId, RunningCall> _running = new();
    private readonly MailboxRoom _room = new(MaxBytes);
    private readonly INodeLink _link;
    private readonly Inboxes _inboxes;
    private readonly TimeProvider _time;

    public Mailboxes(IStateReplica replica, INodeLink link, TimeProvider time)
    {
        _link = link;
        _inboxes = new Inboxes(replica, time);
        _time = time;
        link.Handle(NodeTopic.FunctionMessage, (_, body, _) => new ValueTask<ReadOnlyMemory<byte>>(TakeOver(body.Span)));
    }

    /// <summary>A call can be sent messages from now on.</summary>
    /// <param name="call">The call.</param>
    /// <param name="ownsSession">Whether its session was begun for it.</param>
    public void Add(Invocation call, bool ownsSession) => _running[call.Id] = new RunningCall(call, _room) { OwnsSession = ownsSession };

    /// <summary>It cannot any more; gives it back.</summary>
    public RunningCall? Remove(Invocation invocation)
    {
        if (!_running.TryRemove(invocation.Id, out var call))
        {
            return null;
        }

        call.End();
        return call;
    }

    /// <summary>Sends a message.</summary>
    /// <exception cref="ProblemException"><c>mailbox-full</c>, <c>request-too-large</c>, or no id at all.</exception>
    /// <exception cref="StateEncodingException">The request cannot be read.</exception>
    public async ValueTask SendAsync(Invocation sender, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        var (text, message) = ReadSend(request.Span, new CallAddress(_link.Self, sender.Id).ToString());
        if (!CallAddress.TryParse(text, out var to))
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"'{ResourceName.Shorten(text)}' is no id of a running function.", "Send to what another function's ctx.id is."));
        }

        if (message.Value.Bytes.Length > FunctionMessage.MaxBytes)
        {
            throw new ProblemException(KnownProblems.RequestTooLarge($"The message has {message.Value.Bytes.Length:N0} bytes; {FunctionMessage.MaxBytes:N0} are allowed."));
        }

        var scope = ScopeOf(sender);
        var delivered = to.Node == _link.Self ? Deliver(scope, to, message) : await PassOnAsync(scope, to, message, cancellation);
        if (delivered == Full)
        {
            throw new ProblemException(KnownProblems.MailboxFull($"'{to}' has {Mailbox.MaxMessages} messages, or {Mailbox.MaxBytes >> 20} MiB of them, that it did not receive yet; or all functions of its node together have {MaxBytes >> 20} MiB."));
        }

        if (delivered == PutIntoInbox)
        {
            await _inboxes.PutAsync(scope, to, message, cancellation);
        }

        answer.WriteOk();
        answer.WriteByte(delivered);
    }

    /// <summary>Gives the function its messages; waits for the first.</summary>
    /// <exception cref="ProblemException">It asks for too many, or waits too long.</exception>
    /// <exception cref="StateEncodingException">The request cannot be read.</exception>
    public async ValueTask ReceiveAsync(Invocation receiver, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        var (patience, most) = ReadReceive(request.Span);
        var taken = new List<FunctionMessage>();
        if (_running.TryGetValue(receiver.Id, out var call))
        {
            var scope = ScopeOf(receiver);
            var self = new CallAddress(_link.Self, receiver.Id);
            var began = _time.GetTimestamp();
            while (true)
            {
                call.Mailbox.Take(taken, most);
                if (taken.Count == 0)
                {
                    await _inboxes.TakeAsync(scope, self, taken, most, cancellation);
                }

                var left = patience - _time.GetElapsedTime(began);
                if (taken.Count > 0 || left <= TimeSpan.Zero)
                {
                    break;
                }

                // Late is not wrong here: the loop looks again.
                await call.Mailbox.ArrivalAsync().WaitAsync(left < InboxInterval ? left : InboxInterval, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        answer.WriteOk();
        answer.WriteVarint((ulong)taken.Count);
        foreach (var message in taken)
        {
            message.WriteTo(answer);
        }
    }

    private static Scope ScopeOf(Invocation call) => new(call.Function.Name.Tenant, call.Function.Name.Namespace);

    private static (string To, FunctionMessage Message) ReadSend(ReadOnlySpan<byte> request, string sender)
    {
        var reader = new ByteReader(request);
        var to = reader.ReadText();
        var value = reader.ReadBytes();
        return value.IsEmpty || value[0] > (byte)PayloadTag.Text || !reader.IsAtEnd
            ? throw new StateEncodingException("A message is one value, which begins with its tag, 0 to 2.")
            : (to, new FunctionMessage(sender, new Payload(value.ToArray())));
    }

    private static (TimeSpan Patience, int Most) ReadReceive(ReadOnlySpan<byte> request)
    {
        var reader = new ByteReader(request);
        var patience = reader.ReadVarint();
        var most = reader.ReadVarint();
        if (patience > MaxPatienceMilliseconds || most is < 1 or > MaxMessages)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"A receive may wait {MaxPatienceMilliseconds} ms for 1 to {MaxMessages} messages."));
        }

        return (TimeSpan.FromMilliseconds(patience), (int)most);
    }

    // An id of another namespace is like one of a call that has ended.
    private byte Deliver(Scope scope, CallAddress to, in FunctionMessage message)
    {
        if (!_running.TryGetValue(to.Invocation, out var call) || ScopeOf(call.Invocation) != scope)
        {
            return PutIntoInbox;
        }

        return call.Mailbox.TryPut(message) ? HandedOver : call.Mailbox.IsClosed ? PutIntoInbox : Full;
    }

    private async ValueTask<byte> PassOnAsync(Scope scope, CallAddress to, FunctionMessage message, CancellationToken cancellation)
    {
        if (!_link.View.Contains(to.Node))
        {
            return PutIntoInbox;
        }

        var body = new ArrayBufferWriter<byte>(message.Size);
        body.WriteText(scope.Tenant.Value);
        body.WriteText(scope.Namespace.Value);
        body.WriteText(to.ToString());
        message.WriteTo(body);
        try
        {
            var answer = await _link.AskAsync(to.Node, NodeTopic.FunctionMessage, body.WrittenMemory, cancellation);
            return answer.Length == 1 && answer.Span[0] is HandedOver or Full ? answer.Span[0] : PutIntoInbox;
        }
        catch (NodeUnreachableException)
        {
            return PutIntoInbox;
        }
    }

    private byte[] TakeOver(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        var scope = new Scope(ResourceName.Parse(reader.ReadText()), ResourceName.Parse(reader.ReadText()));
        var delivered = CallAddress.TryParse(reader.ReadText(), out var to) ? Deliver(scope, to, FunctionMessage.Read(ref reader)) : PutIntoInbox;
        return [delivered];
    }
}
