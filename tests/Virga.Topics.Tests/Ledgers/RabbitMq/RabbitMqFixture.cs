using Virga.Testing;

namespace Virga.Topics.Tests.Ledgers.RabbitMq;

/// <summary>One RabbitMQ for all tests of a class.</summary>
public sealed class RabbitMqFixture : IAsyncLifetime
{
    public RabbitMqServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RabbitMqServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
