using System.Net.Sockets;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>Tells what RabbitMQ, or the way to it, reports (reply codes: rabbitmq.com/amqp-0-9-1-reference).</summary>
internal static class RabbitMqFaults
{
    private const ushort NotFound = 404;
    private const ushort AccessRefused = 403;

    /// <summary>Whether it comes from RabbitMQ or the way to it.</summary>
    public static bool IsKnown(Exception exception) => exception is RabbitMQClientException or IOException or SocketException or TimeoutException or ObjectDisposedException;

    /// <summary>Whether the same may succeed soon.</summary>
    public static bool IsTransient(Exception exception) => IsKnown(exception) && !IsRefused(exception);

    /// <summary>Whether there is no such stream.</summary>
    public static bool IsMissing(Exception exception) => exception is OperationInterruptedException { ShutdownReason.ReplyCode: NotFound };

    public static Exception Interrupted(ShutdownEventArgs reason) => new OperationInterruptedException(reason);

    /// <summary>What happened, in one sentence, without its full stop.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        BrokerUnreachableException { InnerException: AuthenticationFailureException or PossibleAuthenticationFailureException } => "it refuses the user or the password",
        BrokerUnreachableException { InnerException: { } inner } => inner is AggregateException { InnerException: { } first } ? first.Message.TrimEnd('.') : inner.Message.TrimEnd('.'),
        OperationInterruptedException { ShutdownReason: { } reason } => reason.ReplyText.TrimEnd('.'),
        _ => exception.Message.TrimEnd('.'),
    };

    private static bool IsRefused(Exception exception) => exception switch
    {
        OperationInterruptedException { ShutdownReason.ReplyCode: AccessRefused } => true,
        BrokerUnreachableException { InnerException: AuthenticationFailureException or PossibleAuthenticationFailureException } => true,
        _ => false,
    };
}
