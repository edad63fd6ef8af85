using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>More cold functions at once than the machine can start, or hold, at a time. It is the longest test of scaling, so it is a class, and a node, of its own.</summary>
public sealed class ColdBurstTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task Two_hundred_functions_called_cold_at_once_are_all_answered()
    {
        const int Functions = 200;
        var package = (await node.DeployAsync("cold-0", Source.Python("def handler(event, ctx):\n    return 7\n"))).Json["spec"]!["package"]!.ToString();
        for (var i = 1; i < Functions; i++)
        {
            (await node.ControlAsync(HttpMethod.Put, $"functions/cold-{i}", new JsonObject { ["spec"] = new JsonObject { ["environment"] = "python", ["package"] = package } })).Status.ShouldBe(201);
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, Functions).Select(i => node.GetAsync($"/f/cold-{i}")));

        // Cleanly refused is as good as answered; lost is not.
        answers.ShouldAllBe(answer => answer.Status == 200 || (answer.Status == 429 && answer.Header("Retry-After") != null));
        answers.Count(answer => answer.Body == "7").ShouldBeGreaterThan(Functions / 2);
    }
}
