namespace Virga.Pulsar.Clients;

/// <summary>A broker could not be reached, or has refused something.</summary>
internal sealed class BrokerException(string message, Exception? inner = null) : Exception(message, inner);
