using Microsoft.Extensions.Logging.Abstractions;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>Segment files so small that every test fills some, with entries on disk soon after they are confirmed.</summary>
public sealed class SmallSegmentLedgerStoreTests : LedgerStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-ledgers-").FullName;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override async Task<ILedgerStore> OpenAsync()
    {
        var options = new SegmentLedgerOptions { Directory = _folder, Durability = LedgerDurability.Interval, MinSegmentBytes = 512, MaxSegmentBytes = 1024 };
        var store = new SegmentLedgerStore(options, NullLogger<SegmentLedgerStore>.Instance);
        await store.OpenAsync(Cancellation);
        return store;
    }
}
