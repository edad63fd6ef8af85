using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Pulsar.Commands;
using Virga.Pulsar.Errors;
using Virga.Pulsar.Frames;
using Virga.Pulsar.Protocol;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;
using CommandType = Virga.Pulsar.Protocol.BaseCommand.Types.Type;

namespace Virga.Pulsar.Connections;

/// <summary>
/// One client's connection. One loop reads frames and handles them in their order: what is there for every message at once, by hand; what takes time as a request that goes on beside it. Reading stops while a
/// producer of the connection is backed up, or while the client does not read what it is sent.
/// </summary>
internal sealed partial class PulsarConnection : IDisposable
{
    /// <summary>The number of a request where there is none, as in Pulsar.</summary>
    public const ulong NoRequest = ulong.MaxValue;

    // Above this nothing more is read from a client that does not read: receipts and answers wait for it.
    private const long MostPending = 8 * 1024 * 1024;
    private const int MostDiscarded = 1024 * 1024;
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly CancellationTokenSource _ended = new();
    private readonly ResumeSignal _resume = new();
    private readonly TaskCompletionSource _flushed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PublishCommands _publishing;
    private readonly ConsumeCommands _consuming;
    private readonly RequestCommands _requests;

    private Producer? _last;
    private bool _isConnected;
    private bool _isPaused;
    private bool _isPinged;
    private int _isHeard = 1;

    /// <summary>A connection that was accepted.</summary>
    public PulsarConnection(Socket socket, ConnectionServices services)
    {
        (_socket, Services) = (socket, services);
        Local = (IPEndPoint)socket.LocalEndPoint!;
        Remote = socket.RemoteEndPoint?.ToString() ?? "";
        Since = services.Time.GetUtcNow();
        Output = new ConnectionOutput(socket, Sent, _ => OutputEnded());
        _publishing = new PublishCommands(this);
        _consuming = new ConsumeCommands(this);
        _requests = new RequestCommands(this);
    }

    /// <summary>What it shares with others.</summary>
    public ConnectionServices Services { get; }

    /// <summary>What goes to the client.</summary>
    public ConnectionOutput Output { get; }

    /// <summary>Its producers and consumers.</summary>
    public ConnectionSessions Sessions { get; } = new();

    /// <summary>Where the client has reached the node.</summary>
    public IPEndPoint Local { get; }

    /// <summary>Where the client is.</summary>
    public string Remote { get; }

    /// <summary>Since when.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>The requests that take time.</summary>
    public RunningRequests Requests { get; } = new();

    /// <summary>Cancelled when the connection ends.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Serves the client until it goes, breaks the protocol, or the connection is aborted.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReadAsync();
        }
        catch (FrameException e)
        {
            LogRefused(Services.Logger, Remote, e.Message);
            Output.Write(new BaseCommand { Type = CommandType.Error, Error = new CommandError { RequestId = NoRequest, Error = e.Error, Message = e.Message } });
            Output.Close();
            await TakeLeaveAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            LogBroken(Services.Logger, Remote, e.Message);
        }
        finally
        {
            Abort();
            await _ended.CancelAsync();
            await Requests.EndedAsync();
            Sessions.Close();
            Output.Close();
            await _flushed.Task;
        }
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort()
    {
        _socket.Dispose();
        _resume.Set();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        Output.Dispose();
        _ended.Dispose();
    }

    /// <summary>Looks whether the client lives; called at every <see cref="Server.PulsarOptions.KeepAlive"/>.</summary>
    public void CheckLife()
    {
        if (Interlocked.Exchange(ref _isHeard, 0) != 0 || Volatile.Read(ref _isPaused))
        {
            _isPinged = false;
        }
        else if (_isPinged || !_isConnected)
        {
            LogSilent(Services.Logger, Remote);
            Abort();
        }
        else
        {
            _isPinged = true;
            Output.Write(new BaseCommand { Type = CommandType.Ping, Ping = new CommandPing() });
        }
    }

    /// <summary>Reading may go on, if that was what it waited for.</summary>
    public void Resume() => _resume.Set();

    /// <summary>An entry of a producer was handed over: reading stops while that is backed up.</summary>
    public void Handed(Producer producer) => _last = producer;

    private async Task ReadAsync()
    {
        using var buffer = new ReceiveBuffer(Services.Options.MaxMessageSize + FrameFormat.Padding);
        while (true)
        {
            var received = await _socket.ReceiveAsync(buffer.Prepare(), SocketFlags.None);
            if (received == 0)
            {
                return;
            }

            buffer.Received(received);
            Volatile.Write(ref _isHeard, 1);
            while (buffer.TryTake(out var frame))
            {
                Handle(frame.Span);
                if (IsBackedUp())
                {
                    await WaitForRoomAsync();
                }
            }
        }
    }

    private bool IsBackedUp() => Output.Pending > MostPending || _last is { IsBackedUp: true };

    private async Task WaitForRoomAsync()
    {
        Volatile.Write(ref _isPaused, true);
        while (true)
        {
            var resumed = _resume.Next();
            if (_ended.IsCancellationRequested || !IsBackedUp())
            {
                break;
            }

            await resumed;
        }

        // From now on the client has a whole interval again to give a sign of life.
        Volatile.Write(ref _isHeard, 1);
        Volatile.Write(ref _isPaused, false);
        _last = null;
    }

    private void Handle(ReadOnlySpan<byte> frame)
    {
        var command = Command.Read(frame);
        if (!_isConnected && command.Type != CommandType.Connect)
        {
            throw new FrameException($"The first command is {command.Type}; it has to be CONNECT.");
        }

        switch (command.Type)
        {
            case CommandType.Send:
                _publishing.Send(command);
                break;
            case CommandType.Ack:
                _consuming.Acknowledge(command);
                break;
            case CommandType.Flow:
                _consuming.Flow(command);
                break;
            case CommandType.Ping:
                Output.Write(new BaseCommand { Type = CommandType.Pong, Pong = new CommandPong() });
                break;
            case CommandType.Pong or CommandType.AuthResponse:
                break;
            default:
                HandleParsed(Parse(command));
                break;
        }
    }

    private static BaseCommand Parse(in Command command)
    {
        try
        {
            return BaseCommand.Parser.ParseFrom(command.Whole);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new FrameException($"A command of type {command.Type} cannot be read: {e.Message}", ServerError.UnknownError, e);
        }
    }

    private void HandleParsed(BaseCommand command)
    {
        switch (command)
        {
            case { Type: CommandType.Connect, Connect: { } connect }:
                Connect(connect);
                break;
            case { Type: CommandType.Producer, Producer: { } producer }:
                _publishing.Open(producer);
                break;
            case { Type: CommandType.CloseProducer, CloseProducer: { } close }:
                _publishing.Close(close);
                break;
            case { Type: CommandType.Subscribe, Subscribe: { } subscribe }:
                _consuming.Open(subscribe);
                break;
            case { Type: CommandType.CloseConsumer, CloseConsumer: { } close }:
                _consuming.Close(close);
                break;
            case { Type: CommandType.RedeliverUnacknowledgedMessages, RedeliverUnacknowledgedMessages: { } redeliver }:
                _consuming.Redeliver(redeliver);
                break;
            default:
                if (!_requests.TryHandle(command))
                {
                    throw new FrameException($"The command {command.Type} is not known here, or not one that a client sends.", ServerError.UnsupportedVersionError);
                }

                break;
        }
    }

    private void Connect(CommandConnect connect)
    {
        if (_isConnected)
        {
            throw new FrameException("A second CONNECT came on the same connection.");
        }

        _isConnected = true;
        LogConnected(Services.Logger, Remote, connect.ClientVersion);
        Output.Write(new BaseCommand
        {
            Type = CommandType.Connected,
            Connected = new CommandConnected
            {
                ServerVersion = ProtocolFacts.ServerVersion,
                ProtocolVersion = Math.Min(ProtocolFacts.Version, connect.ProtocolVersion),
                MaxMessageSize = Services.Options.MaxMessageSize,
                FeatureFlags = new FeatureFlags { SupportsGetPartitionedMetadataWithoutAutoCreation = true },
            },
        });
    }

    // After a send: consumers get the permits that were held back, and reading may go on.
    private void Sent()
    {
        if (Output.Pending <= MostPending)
        {
            _resume.Set();
        }

        Sessions.PassOn();
    }

    private void OutputEnded()
    {
        _flushed.SetResult();
        _resume.Set();
    }

    // The client reads why it is refused before it sees the end: a socket that is closed while something is unread loses what was sent last.
    private async Task TakeLeaveAsync()
    {
        await _flushed.Task;
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            using var late = new CancellationTokenSource(s_farewell, Services.Time);
            var discarded = new byte[16 * 1024];
            for (var count = 0; count < MostDiscarded;)
            {
                var received = await _socket.ReceiveAsync(discarded.AsMemory(), SocketFlags.None, late.Token);
                if (received == 0)
                {
                    return;
                }

                count += received;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            LogBroken(Services.Logger, Remote, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A Pulsar client has connected from {Client}: {Version}.")]
    private static partial void LogConnected(ILogger logger, string client, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection of the Pulsar client at {Client} is closed, because it broke the protocol: {Reason}")]
    private static partial void LogRefused(ILogger logger, string client, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The connection of the Pulsar client at {Client} has ended: {Reason}")]
    private static partial void LogBroken(ILogger logger, string client, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The connection of the Pulsar client at {Client} is closed: it gave no sign of life.")]
    private static partial void LogSilent(ILogger logger, string client);
}
