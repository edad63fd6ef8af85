namespace Virga.Topics.Clients;

/// <summary>By what a key chooses its partition; every publisher of a topic must use the same.</summary>
public enum RoutingHashKind
{
    /// <summary>Java's <c>String.hashCode</c>: what Pulsar's Java client and most others use unless told otherwise.</summary>
    JavaString,

    /// <summary>Murmur3 of 32 bits.</summary>
    Murmur3,
}
