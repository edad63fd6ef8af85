using Virga.Testing;

namespace Virga.Cluster.Tests.Membership;

/// <summary>One PostgreSQL for all tests of a class.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync("fsync=off", "full_page_writes=off");

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
