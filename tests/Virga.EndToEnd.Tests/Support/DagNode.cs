using System.Text.Json.Nodes;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node with functions to compose.</summary>
public sealed class DagNode : VirgaNode
{
    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await DeployAsync("same", Source.JavaScript("export default ({ body }) => body"));
        await DeployAsync("double", Source.JavaScript("export default ({ body }) => body * 2"));
        await DeployAsync("increment", Source.JavaScript("export default ({ body }) => body + 1"));
        await DeployAsync("throws", Source.JavaScript("export default () => { throw new Error('on purpose') }"));
    }

    /// <summary>Creates a DAG or replaces it.</summary>
    public async Task DagAsync(string name, string spec)
    {
        var created = await ControlAsync(HttpMethod.Put, $"dags/{name}", new JsonObject { ["spec"] = JsonNode.Parse(spec) });
        created.Status.ShouldBeInRange(200, 201, created.Body);
    }
}
