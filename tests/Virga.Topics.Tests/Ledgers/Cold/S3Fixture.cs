using Virga.Testing;

namespace Virga.Topics.Tests.Ledgers.Cold;

/// <summary>One S3 server for all tests of a class.</summary>
public sealed class S3Fixture : IAsyncLifetime
{
    public S3Server Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await S3Server.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
