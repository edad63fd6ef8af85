using System.Net.Sockets;
using Google.Protobuf;
using Virga.Pulsar.Connections;
using Virga.Pulsar.Frames;
using Virga.Pulsar.Protocol;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Clients;

/// <summary>A connection to a broker elsewhere: one loop reads its answers and gives them to who waits for them. When it ends, whoever waits and all producers are told.</summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    // Answers are small; the lists of topics that are not are not asked for.
    private const int MaxFrame = 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _flushed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards what follows; held for a look or a change.
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, TaskCompletionSource<BaseCommand>> _asked = [];
    private readonly Dictionary<ulong, IBrokerProducerSink> _producers = [];
    private string? _ended;

    // The connection's own answer comes without a number.
    private readonly TaskCompletionSource<BaseCommand> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private ulong _requests;
    private int _isHeard;

    private BrokerConnection(Socket socket, TimeProvider time)
    {
        (_socket, _time) = (socket, time);
        Output = new ConnectionOutput(socket, static () => { }, _ => _flushed.SetResult());
    }

    /// <summary>What goes to the broker.</summary>
    public ConnectionOutput Output { get; }

    /// <summary>Whether it is of no use any more.</summary>
    public bool IsEnded
    {
        get
        {
            lock (_gate)
            {
                return _ended is not null;
            }
        }
    }

    /// <summary>Connects to a broker.</summary>
    /// <exception cref="BrokerException">It cannot be reached, or does not answer.</exception>
    public static async Task<BrokerConnection> OpenAsync(BrokerUrl url, TimeProvider time, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, both.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw new BrokerException($"{url} cannot be reached: {(e is SocketException ? e.Message : "it does not answer")}.", e);
        }

        var connection = new BrokerConnection(socket, time);
        try
        {
            await connection.BeginAsync(both.Token);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            cancellation.ThrowIfCancellationRequested();
            throw e is OperationCanceledException ? new BrokerException($"{url} does not answer.", e) : e;
        }
    }

    /// <summary>A number for the next request, or the next producer.</summary>
    public ulong NextRequest() => Interlocked.Increment(ref _requests);

    /// <summary>Asks, and waits for the answer.</summary>
    /// <exception cref="BrokerException">The broker refuses it, does not answer, or is gone.</exception>
    public async ValueTask<BaseCommand> AskAsync(ulong request, BaseCommand command, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<BaseCommand>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ThrowIfEnded();
            _asked.Add(request, answer);
        }

        try
        {
            Output.Write(command);
            return await answer.Task.WaitAsync(Patience, _time, cancellation);
        }
        catch (TimeoutException e)
        {
            throw new BrokerException($"The broker does not answer {command.Type}.", e);
        }
        finally
        {
            lock (_gate)
            {
                _asked.Remove(request);
            }
        }
    }

    /// <summary>Says who is told of a producer of a number.</summary>
    public void Attach(ulong producer, IBrokerProducerSink sink)
    {
        lock (_gate)
        {
            ThrowIfEnded();
            _producers.Add(producer, sink);
        }
    }

    /// <summary>Nobody is told of a producer any more; false where that was so already.</summary>
    public bool Detach(ulong producer)
    {
        lock (_gate)
        {
            return _producers.Remove(producer);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Dispose();
        await _running;
        await _watching;
        Output.Close();
        await _flushed.Task;
        Output.Dispose();
        _stop.Dispose();
    }

    private async Task BeginAsync(CancellationToken cancellation)
    {
        _running = RunAsync();
        Output.Write(new BaseCommand { Type = CommandType.Connect, Connect = new CommandConnect { ClientVersion = ProtocolFacts.ServerVersion, ProtocolVersion = ProtocolFacts.Version } });
        await _connected.Task.WaitAsync(cancellation);
        _watching = WatchAsync();
    }

    private async Task RunAsync()
    {
        // Not before the caller knows the task.
        await Task.Yield();
        var reason = "The broker has closed the connection.";
        try
        {
            using var buffer = new ReceiveBuffer(MaxFrame);
            while (await _socket.ReceiveAsync(buffer.Prepare(), SocketFlags.None, _stop.Token) is > 0 and var received)
            {
                Volatile.Write(ref _isHeard, 1);
                buffer.Received(received);
                while (buffer.TryTake(out var frame))
                {
                    Handle(frame.Span);
                }
            }
        }
        catch (OperationCanceledException)
        {
            reason = "The connection was closed.";
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or FrameException or InvalidProtocolBufferException)
        {
            reason = $"The connection to the broker has ended: {e.Message}";
        }

        End(reason);
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(KeepAlive, _time);
        try
        {
            for (var silent = 0; await timer.WaitForNextTickAsync(_stop.Token) && !IsEnded;)
            {
                silent = Interlocked.Exchange(ref _isHeard, 0) != 0 ? 0 : silent + 1;
                if (silent > 1)
                {
                    _socket.Dispose();
                    return;
                }

                Output.Write(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() });
            }
        }
        catch (OperationCanceledException)
        {
            // It is being closed.
            return;
        }
    }

    private void Handle(ReadOnlySpan<byte> frame)
    {
        var command = BaseCommand.Parser.ParseFrom(Command.Read(frame).Whole);
        switch (command.Type)
        {
            case CommandType.Connected:
                _connected.TrySetResult(command);
                break;
            case CommandType.Ping:
                Output.Write(new BaseCommand { Type = CommandType.Pong, Pong = new CommandPong() });
                break;
            case CommandType.SendReceipt when Find(command.SendReceipt.ProducerId) is { } sink:
                sink.Received((long)command.SendReceipt.SequenceId);
                break;
            case CommandType.SendError when Take(command.SendError.ProducerId) is { } sink:
                sink.Ended($"The broker refuses a message ({command.SendError.Error}): {command.SendError.Message}");
                break;
            case CommandType.CloseProducer when Take(command.CloseProducer.ProducerId) is { } sink:
                sink.Ended("The broker has closed the producer: the topic moved, or was deleted.");
                break;
            case CommandType.Error when command.Error.RequestId == PulsarConnection.NoRequest:
                End($"The broker refuses the connection ({command.Error.Error}): {command.Error.Message}");
                break;
            case CommandType.Error:
                Answer(command.Error.RequestId)?.TrySetException(new BrokerException($"The broker refuses it ({command.Error.Error}): {command.Error.Message}"));
                break;
            case CommandType.PartitionedMetadataResponse:
                Answer(command.PartitionMetadataResponse.RequestId)?.TrySetResult(command);
                break;
            case CommandType.LookupResponse:
                Answer(command.LookupTopicResponse.RequestId)?.TrySetResult(command);
                break;
            case CommandType.GetOrCreateSchemaResponse:
                Answer(command.GetOrCreateSchemaResponse.RequestId)?.TrySetResult(command);
                break;
            case CommandType.ProducerSuccess when !command.ProducerSuccess.HasProducerReady || command.ProducerSuccess.ProducerReady:
                Answer(command.ProducerSuccess.RequestId)?.TrySetResult(command);
                break;
            default:
                // An answer to what nobody waits for any more, or news for clients of other kinds.
                break;
        }
    }

    private TaskCompletionSource<BaseCommand>? Answer(ulong request)
    {
        lock (_gate)
        {
            return _asked.GetValueOrDefault(request);
        }
    }

    private IBrokerProducerSink? Find(ulong producer)
    {
        lock (_gate)
        {
            return _producers.GetValueOrDefault(producer);
        }
    }

    private IBrokerProducerSink? Take(ulong producer)
    {
        lock (_gate)
        {
            _producers.Remove(producer, out var sink);
            return sink;
        }
    }

    private void End(string reason)
    {
        TaskCompletionSource<BaseCommand>[] asked;
        IBrokerProducerSink[] producers;
        lock (_gate)
        {
            _ended ??= reason;
            asked = [.. _asked.Values];
            producers = [.. _producers.Values];
            _producers.Clear();
        }

        _connected.TrySetException(new BrokerException(reason));
        _ = _connected.Task.Exception;
        foreach (var waiting in asked)
        {
            waiting.TrySetException(new BrokerException(reason));
        }

        foreach (var producer in producers)
        {
            producer.Ended(reason);
        }
    }

    // Under the gate.
    private void ThrowIfEnded()
    {
        if (_ended is not null)
        {
            throw new BrokerException(_ended);
        }
    }
}
