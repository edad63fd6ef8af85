namespace Virga.Control.Routes;

/// <summary>What Virga says of a route.</summary>
/// <param name="Url">Method and path, as `virga route list` shows them.</param>
public sealed record RouteStatus(string Url);
