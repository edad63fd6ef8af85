using System.Text.Json;
using Virga.Core.Dags;
using Virga.Core.Resources;

namespace Virga.Composition.Tests.Dags.Simulation;

/// <summary>DAGs by chance, with some edges conditional, and what a run of one gives when each function answers with its name and its input.</summary>
internal static class RandomDag
{
    /// <summary>The answer of a function.</summary>
    public static string Answer(string function, string body) => $$"""{"f":"{{function}}","in":{{body}}}""";

    public static DagSpec Make(Random random, int most = 9)
    {
        var count = random.Next(2, most + 1);
        var edges = new List<DagEdge>();
        for (var to = 1; to < count; to++)
        {
            // Each follows at least one before it, so that none is left alone.
            var from = random.Next(to);
            for (var i = 0; i < to; i++)
            {
                if (i == from || random.NextDouble() < 0.25)
                {
                    edges.Add(new DagEdge { From = Name(i), To = Name(to), When = When(random, Name(i)) });
                }
            }
        }

        return new DagSpec
        {
            Placement = DagPlacement.Spread,
            Retries = 5,
            Nodes = [.. Enumerable.Range(0, count).Select(i => new DagNode { Name = Name(i), Function = Name(i) })],
            Edges = edges,
        };
    }

    /// <summary>What a run gives, worked out in the plainest way.</summary>
    public static string Expected(DagGraph graph, string input)
    {
        var results = new string?[graph.Steps.Count];
        var inputs = graph.Steps.Select(step => new string?[step.Inputs.Count]).ToArray();
        foreach (var place in graph.Order)
        {
            var step = graph.Steps[place];
            var arrived = step.Inputs.Select((name, i) => (name, Value: inputs[place][i])).Where(value => value.Value is not null).ToList();
            if (!step.IsEntry && arrived.Count == 0)
            {
                continue;
            }

            var body = step.IsEntry ? input : step.TakesObject ? Object(arrived) : arrived[0].Value!;
            var result = results[place] = Answer(step.Node.Function, body);
            foreach (var link in step.Next)
            {
                inputs[link.To][link.Input] = link.When is null || link.When.Text.EndsWith($"\"{step.Name}\"", StringComparison.Ordinal) ? result : null;
            }
        }

        return graph.Output is { } output ? results[output] ?? "null" : Object([.. graph.Sinks.Select(sink => (graph.Steps[sink].Name, Value: results[sink])).Where(value => value.Value is not null)]);
    }

    private static string Object(List<(string Name, string? Value)> members) => "{" + string.Join(',', members.Select(member => $"\"{member.Name}\":{member.Value}")) + "}";

    private static string Name(int i) => $"s{i}";

    private static JsonElement? When(Random random, string from) => random.NextDouble() switch
    {
        < 0.6 => null,
        < 0.8 => JsonSerializer.SerializeToElement(new { path = "$.f", equals = from }),
        _ => JsonSerializer.SerializeToElement(new { path = "$.f", equals = "never" }),
    };
}
