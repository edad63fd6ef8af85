using Microsoft.Extensions.Logging.Abstractions;
using Virga.State.Stores;
using Virga.State.Stores.Embedded;
using Virga.State.Tests.Support;
using Virga.State.Time;

namespace Virga.State.Tests.Stores.Embedded;

public sealed class EmbeddedStateStoreTests : StateStoreContract
{
    private readonly TemporaryFolder _folder = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    protected override async Task<IStateStore> OpenAsync()
    {
        var store = new EmbeddedStateStore(new EmbeddedStateOptions { Directory = _folder.Path }, new HybridClock(Time), Time, NullLogger<EmbeddedStateStore>.Instance);
        await store.OpenAsync(Cancellation);
        return store;
    }
}
