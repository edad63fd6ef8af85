namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>How ledgers are kept in RabbitMQ.</summary>
public sealed record RabbitMqLedgerOptions
{
    /// <summary>Where RabbitMQ is: <c>amqp://user:password@host:port/vhost</c>, or <c>amqps</c>.</summary>
    public required string Url { get; init; }

    /// <summary>What the names of the streams begin with. All nodes of a cluster have the same.</summary>
    public string QueuePrefix { get; init; } = "virga.ledger.";

    /// <summary>For how long what cannot be done now is tried again, before it fails: a restart of RabbitMQ takes some seconds.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long without a read the reader of a ledger is closed.</summary>
    public TimeSpan IdleReader { get; init; } = TimeSpan.FromSeconds(20);
}
