using Microsoft.Extensions.Logging.Abstractions;
using Virga.State.Stores.Embedded;
using Virga.State.Tests.Support;
using Virga.State.Time;

namespace Virga.State.Tests.Stores.Embedded;

/// <summary>A folder in which stores are opened, one after the other.</summary>
internal sealed class EmbeddedFolder : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private EmbeddedStateStore? _store;

    public ShiftedTime Time { get; } = new();

    public string Path => _folder.Path;

    public string this[string name] => _folder[name];

    /// <summary>Opens the store; the one before is closed.</summary>
    public async Task<EmbeddedStateStore> OpenAsync(Func<EmbeddedStateOptions, EmbeddedStateOptions>? change = null)
    {
        await CloseAsync();
        var options = new EmbeddedStateOptions { Directory = Path, CheckpointPeriod = TimeSpan.FromDays(1) };
        var store = new EmbeddedStateStore(change?.Invoke(options) ?? options, new HybridClock(Time), Time, NullLogger<EmbeddedStateStore>.Instance);
        _store = store;
        await store.OpenAsync(TestContext.Current.CancellationToken);
        return store;
    }

    public async Task CloseAsync()
    {
        if (_store is { } store)
        {
            _store = null;
            await store.DisposeAsync();
        }
    }

    /// <summary>What a crash now would leave, in another folder.</summary>
    public EmbeddedFolder Copy()
    {
        var copy = new EmbeddedFolder();
        foreach (var path in Directory.GetFiles(Path))
        {
            File.Copy(path, copy[System.IO.Path.GetFileName(path)]);
        }

        return copy;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }
}
