using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Cluster;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Hosting;

/// <summary>What the control API says of the cluster's nodes.</summary>
internal static class ClusterEndpoints
{
    /// <summary>Maps them.</summary>
    public static void MapCluster(this IEndpointRouteBuilder endpoints, Func<NodeMembership?> membership)
    {
        endpoints.MapGet("/api/v1/nodes", () => Results.Json(new NodeList(Nodes(membership)), ClusterJson.Default.NodeList)).WithSummary("The nodes of the cluster, as their leases say");
        endpoints.MapGet("/api/v1/nodes/{name}", (string name) => Results.Json(
            Nodes(membership).FirstOrDefault(node => node.Name == name) ?? throw new ProblemException(KnownProblems.NotFound($"There is no node '{ResourceName.Shorten(name)}'.", "See `virga node list`.")),
            ClusterJson.Default.ClusterNodeStatus)).WithSummary("One node of the cluster");
    }

    private static IReadOnlyList<ClusterNodeStatus> Nodes(Func<NodeMembership?> membership) =>
        membership()?.Nodes() ?? throw new ProblemException(KnownProblems.Unavailable("The node is starting.", "Try again when /readyz says 200."));
}

/// <summary>Answer of <c>/api/v1/nodes</c>.</summary>
internal sealed record NodeList(IReadOnlyList<ClusterNodeStatus> Items);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(NodeList))]
internal sealed partial class ClusterJson : JsonSerializerContext;
