using Microsoft.Extensions.Logging.Abstractions;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>Segment files, every entry on disk before it is confirmed.</summary>
public sealed class SegmentLedgerStoreTests : LedgerStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-ledgers-").FullName;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override async Task<ILedgerStore> OpenAsync()
    {
        var store = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = _folder }, NullLogger<SegmentLedgerStore>.Instance);
        await store.OpenAsync(Cancellation);
        return store;
    }
}
