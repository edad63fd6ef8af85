using Virga.Testing;

namespace Virga.Topics.Tests.Metadata;

/// <summary>One PostgreSQL for all tests of a class.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    // A crash of the server alone loses nothing that the system has.
    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync("fsync = off");

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
