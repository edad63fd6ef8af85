using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Core.Routing;

/// <summary>A route that is in force: what it matches and which function it calls.</summary>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Name">Its own name.</param>
/// <param name="Spec">What the user asked for.</param>
/// <param name="Template">The parsed path.</param>
/// <param name="Function">The function that it calls.</param>
/// <param name="Qualifier">Alias or version number; null means the live version.</param>
public sealed record Route(ResourceName Tenant, ResourceName Namespace, ResourceName Name, RouteSpec Spec, PathTemplate Template, FunctionName Function, string? Qualifier)
{
    /// <summary>What a route's target begins with when it is a DAG and not a function.</summary>
    public const string DagPrefix = "dag:";

    /// <summary>The DAG that it calls in place of a function; null for a function.</summary>
    public DagName? Dag { get; init; }
}
