using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Virga.Core.Invocations;

namespace Virga.Execution.Channel;

/// <summary>The messages of one accepted WebSocket. The worker's credit bounds what waits here.</summary>
internal sealed class MessageChannel(WorkerCall call, FrameSender sender) : IMessageChannel
{
    private readonly SendCredit _credit = new();
    private readonly Channel<ChannelMessage> _received = System.Threading.Channels.Channel.CreateUnbounded<ChannelMessage>(new UnboundedChannelOptions { SingleReader = true });
    private int _closedByClient;
    private int _delivered;
    private long _outstanding;
    private int _waiting;

    public void AddCredit(uint bytes) => _credit.Add(bytes);

    /// <exception cref="WorkerProtocolException">The worker sent more than it had credit for.</exception>
    public void Receive(ReadOnlySpan<byte> message, bool text)
    {
        if (Interlocked.Add(ref _outstanding, message.Length) > Credit.Initial || Interlocked.Increment(ref _waiting) > Credit.MaxMessages)
        {
            throw new WorkerProtocolException("The worker sent more messages than it had credit for.");
        }

        _received.Writer.TryWrite(new ChannelMessage(message.ToArray(), text));
    }

    /// <summary>The function has closed, or is gone.</summary>
    public void Complete(int code, string reason)
    {
        _credit.Stop();
        _received.Writer.TryWrite(new ChannelMessage(default, IsText: false, code, reason));
        _received.Writer.TryComplete();
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, bool text, CancellationToken cancellation)
    {
        // A message goes whole or not at all, so its credit is gathered first.
        var missing = message.Length;
        while (missing > 0)
        {
            var granted = await _credit.TakeAsync(missing, cancellation);
            if (granted == 0)
            {
                return;
            }

            missing -= granted;
        }

        call.CountIn(message.Length);
        sender.Send(FrameKind.Message, call.WireId, text ? """{"text":true}"""u8 : [], message.Span);
    }

    public async ValueTask<ChannelMessage> ReceiveAsync(CancellationToken cancellation)
    {
        if (_delivered > 0)
        {
            Span<byte> window = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(window, (uint)_delivered);
            sender.Send(FrameKind.Window, call.WireId, [], window);
            Interlocked.Add(ref _outstanding, -_delivered);
            _delivered = 0;
        }

        var message = await _received.Reader.ReadAsync(cancellation);
        Interlocked.Decrement(ref _waiting);
        _delivered = message.Data.Length;
        return message;
    }

    public ValueTask CloseAsync(int code, string reason, CancellationToken cancellation)
    {
        Close(code, reason);
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the client's side, if it has not ended yet.</summary>
    public void Close(int code, string reason)
    {
        if (Interlocked.Exchange(ref _closedByClient, 1) == 0)
        {
            var header = string.Create(CultureInfo.InvariantCulture, $$"""{"code":{{code}},"reason":"{{JsonEncodedText.Encode(reason)}}"}""");
            sender.Send(FrameKind.End, call.WireId, System.Text.Encoding.UTF8.GetBytes(header), []);
            call.EndRequest();
        }
    }
}
