using Microsoft.Extensions.Logging.Abstractions;
using Virga.State.Stores;
using Virga.State.Stores.Postgres;

namespace Virga.State.Tests.Stores.Postgres;

public sealed class PostgresStateStoreTests(PostgresFixture postgres) : StateStoreContract, IClassFixture<PostgresFixture>
{
    private string? _database;

    protected override async Task<IStateStore> OpenAsync()
    {
        _database ??= await postgres.Server.CreateDatabaseAsync();
        var store = new PostgresStateStore(new PostgresStateOptions { Connection = _database }, Time, NullLogger<PostgresStateStore>.Instance);
        await store.OpenAsync(Cancellation);
        return store;
    }
}
