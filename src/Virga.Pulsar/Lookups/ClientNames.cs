using Virga.Topics.Names;

namespace Virga.Pulsar.Lookups;

/// <summary>
/// Names as clients use them. They call the tenant <c>public</c> that is <c>default</c> here, and recognise topics by the names in answers: these use the tenant's name that the client itself has used.
/// </summary>
internal static class ClientNames
{
    /// <summary>Reads a namespace, <c>TENANT/NAMESPACE</c>; false when it is none.</summary>
    public static bool TryReadNamespace(string text, out string tenant, out string space)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        (tenant, space) = slash < 0 ? ("", "") : (text[..slash], text[(slash + 1)..]);
        return TopicName.TryParse($"persistent://{text}/any", Core.Names.Scope.Default, out _);
    }

    /// <summary>A topic's name with the tenant as the client calls it.</summary>
    public static string For(string tenant, TopicName topic) => $"{(topic.IsPersistent ? "persistent" : "non-persistent")}://{tenant}/{topic.Namespace}/{topic.Local}";
}
