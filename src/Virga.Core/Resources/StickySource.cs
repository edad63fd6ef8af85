namespace Virga.Core.Resources;

/// <summary>Where a request carries its sticky key.</summary>
public enum StickySource
{
    /// <summary>A request header.</summary>
    Header,

    /// <summary>A parameter of the query string.</summary>
    Query,

    /// <summary>A cookie.</summary>
    Cookie,

    /// <summary>A parameter of the route's path.</summary>
    Path,
}
