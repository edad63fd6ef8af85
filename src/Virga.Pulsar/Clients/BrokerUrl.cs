using System.Globalization;

namespace Virga.Pulsar.Clients;

/// <summary>Where a broker is, <c>pulsar://HOST:PORT</c>.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">Its port.</param>
public sealed record BrokerUrl(string Host, int Port)
{
    private const string Scheme = "pulsar://";

    /// <summary>Reads one; null when it is none.</summary>
    public static BrokerUrl? Parse(string? text) =>
        text is not null && text.StartsWith(Scheme, StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url is { Port: > 0, Host.Length: > 0, UserInfo.Length: 0, AbsolutePath: "" or "/", Query.Length: 0 }
            ? new BrokerUrl(url.IdnHost.Trim('[', ']'), url.Port)
            : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Scheme}{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
