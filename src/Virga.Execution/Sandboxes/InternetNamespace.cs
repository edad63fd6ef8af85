using System.Net.Sockets;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>A network namespace of one sandbox, connected to the outside by a process that translates its packets into ordinary connections.</summary>
internal sealed class InternetNamespace : IAsyncDisposable
{
    private readonly string _instanceId;
    private readonly NetworkHelper _holder;
    private readonly NetworkHelper _translator;

    internal InternetNamespace(string instanceId, NetworkHelper holder, NetworkHelper translator, bool entersUserNamespace)
    {
        _instanceId = instanceId;
        _holder = holder;
        _translator = translator;
        string[] user = entersUserNamespace ? [$"--user=/proc/{holder.Pid}/ns/user", "--preserve-credentials"] : [];
        EntryCommand = ["/usr/bin/nsenter", $"--net=/proc/{holder.Pid}/ns/net", .. user, "--"];
        Ready = WaitUntilReadyAsync();
        Lost = WaitUntilLostAsync();
    }

    /// <summary>The start of a command that runs the rest of it in the namespace, as the same process.</summary>
    internal IReadOnlyList<string> EntryCommand { get; }

    /// <summary>Completes once connections to the outside can be opened.</summary>
    /// <exception cref="SandboxException">They never will; the message says why.</exception>
    internal Task Ready { get; }

    /// <summary>Completes when connections, after they could be opened, no longer can.</summary>
    internal Task Lost { get; }

    /// <summary>Ends the network without waiting for its end.</summary>
    internal void Abandon()
    {
        _translator.Abandon();
        _holder.Abandon();
    }

    /// <summary>Ends the network; the namespace goes with the last process in it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _translator.DisposeAsync();
        await _holder.DisposeAsync();
        await Lost;
    }

    private async Task WaitUntilReadyAsync()
    {
        string? failure;
        try
        {
            // Without its routes the namespace is never ready, even if it is connected.
            failure = !await _holder.SaysAsync() ? await _holder.ErrorOutputAsync()
                : !await _translator.SaysAsync() ? await _translator.ErrorOutputAsync()
                : null;
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            throw new SandboxException($"The network of instance {_instanceId} was closed before it was connected.", closed);
        }

        if (failure is not null)
        {
            throw new SandboxException($"The network of instance {_instanceId} could not be connected: {failure}");
        }
    }

    private async Task WaitUntilLostAsync()
    {
        try
        {
            await Ready;
        }
        catch (SandboxException)
        {
            return; // Whoever awaits Ready is told.
        }

        _ = await _translator.Exited;
    }
}
