using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>A folder of segments, and the store that is open on it.</summary>
internal sealed class SegmentFolder : IAsyncDisposable
{
    private SegmentLedgerStore? _store;

    public string Path { get; } = Directory.CreateTempSubdirectory("virga-ledgers-").FullName;

    public SegmentLedgerOptions Options { get; init; } = new() { Directory = "" };

    public FaultyLedgerDisk Disk { get; private set; } = new();

    /// <summary>What the stores have told their operator.</summary>
    public SaidLogger Said { get; } = new();

    public SegmentLedgerStore Store => _store!;

    public string[] Segments => [.. Directory.GetFiles(Path, "ledgers-*.log").Order(StringComparer.Ordinal)];

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task<SegmentLedgerStore> OpenAsync()
    {
        await CloseAsync();
        Disk = new FaultyLedgerDisk();
        _store = new SegmentLedgerStore(Options with { Directory = Path }, Said, Disk);
        await _store.OpenAsync(Cancellation);
        return _store;
    }

    public async Task CloseAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
            _store = null;
        }
    }

    /// <summary>The power goes, and comes back.</summary>
    public async Task<SegmentLedgerStore> LosePowerAsync(Random? chance)
    {
        Disk.TurnOff();
        await CloseAsync();
        Disk.Lose(chance);
        return await OpenAsync();
    }

    /// <summary>The same files in another folder.</summary>
    public SegmentFolder Copy()
    {
        var copy = new SegmentFolder { Options = Options };
        foreach (var file in Directory.GetFiles(Path))
        {
            File.Copy(file, System.IO.Path.Combine(copy.Path, System.IO.Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Waits until the keeper has looked twice: whatever there was to do before is done then.</summary>
    public async Task TidyAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var rounds = Store.Keeper.Rounds;
            Store.Keeper.Look();
            await LedgerStoreContract.UntilAsync(() => Store.Keeper.Rounds > rounds);
        }
    }

    public async Task<ILedgerWriter> CreateAsync(long id) => await Store.CreateAsync(new LedgerId(id), new WriterEpoch(1), Cancellation);

    public async Task<List<string>> ReadAsync(long id)
    {
        var entries = new List<LedgerEntry>();
        while (await Store.ReadAsync(new LedgerId(id), entries.Count, int.MaxValue, int.MaxValue, entries, Cancellation) > 0)
        {
        }

        return entries.ConvertAll(LedgerStoreContract.TextOf);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Path, recursive: true);
    }
}
