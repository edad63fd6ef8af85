using Microsoft.Extensions.Logging;
using Virga.Core.Triggers;

namespace Virga.Triggers.Runs;

/// <summary>A trigger's place on the node: at most one version of it runs, and the next begins when the one before has given its messages back.</summary>
internal sealed partial class TriggerSlot(TriggerName name, ITriggerCatalog catalog, TriggerServices services, CancellationToken stopping, CancellationToken patience)
{
    // Guards the chain; held for a few instructions.
    private readonly Lock _gate = new();
    private Task _changing = Task.CompletedTask;
    private volatile TriggerRun? _run;

    /// <summary>What runs now; null for nothing.</summary>
    public TriggerRun? Run => _run;

    /// <summary>Brings what runs to what the catalog says, or, when the node stops, to nothing. Returns at once.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            _changing = ChangeAsync(_changing);
        }
    }

    /// <summary>Completes when all changes so far have been made.</summary>
    public Task SettledAsync()
    {
        lock (_gate)
        {
            return _changing;
        }
    }

    [LoggerMessage(LogLevel.Error, "The trigger {Trigger} cannot be run here; change it to try again")]
    private static partial void LogNotStarted(ILogger logger, string trigger, Exception exception);

    private async Task ChangeAsync(Task before)
    {
        await before;
        await Task.Yield();
        try
        {
            await ChangeAsync();
        }
        catch (Exception e)
        {
            LogNotStarted(services.Logger, name.ToString(), e);
        }
    }

    private async Task ChangeAsync()
    {
        var wanted = stopping.IsCancellationRequested ? null : catalog.Find(name);
        var running = _run;
        if (running?.Trigger.Version == wanted?.Version)
        {
            return;
        }

        if (running is not null)
        {
            await running.StopAsync(patience);
            await running.DisposeAsync();
            _run = null;
        }

        if (wanted is not null)
        {
            _run = TriggerRun.Start(wanted, services);
        }
    }
}
