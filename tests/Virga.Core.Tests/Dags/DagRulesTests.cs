using System.Text.Json;
using Virga.Core.Dags;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Core.Tests.Dags;

public sealed class DagRulesTests
{
    [Fact]
    public void Steps_know_what_follows_them_and_how_far_they_are_from_the_beginning()
    {
        var graph = DagRules.Bind(Spec(["a", "b", "c", "d"], ("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")));

        graph.Entries.ShouldBe([0]);
        graph.Sinks.ShouldBe([3]);
        graph.Output.ShouldBe(3);
        graph.Steps.Select(step => step.Layer).ShouldBe([0, 1, 1, 2]);
        graph.Steps[3].Inputs.ShouldBe(["b", "c", "a"]);
        graph.Steps[3].TakesObject.ShouldBeTrue();
        graph.Steps[1].TakesObject.ShouldBeFalse();
    }

    [Fact]
    public void A_circle_is_refused_and_its_way_is_named()
    {
        var problem = Refused(Spec(["start", "b", "c", "d"], ("start", "b"), ("b", "c"), ("c", "d"), ("d", "b")));

        problem.Slug.ShouldBe("invalid-dag");
        problem.Detail!.ShouldContain("b → c → d");
        problem.Detail!.ShouldNotContain("start");
    }

    [Fact]
    public void A_node_that_follows_itself_is_refused() => Refused(Spec(["a", "b"], ("a", "b"), ("b", "b"))).Detail!.ShouldContain("'b' follows itself");

    [Fact]
    public void A_node_that_no_edge_touches_is_refused_as_unreachable() => Refused(Spec(["a", "b", "lonely"], ("a", "b"))).Detail!.ShouldContain("'lonely' is unreachable");

    [Fact]
    public void Nodes_without_any_edges_all_get_the_input() => DagRules.Bind(Spec(["a", "b"])).Entries.ShouldBe([0, 1]);

    [Fact]
    public void An_edge_to_a_node_that_does_not_exist_is_refused() => Refused(Spec(["a"], ("a", "nowhere"))).Detail!.ShouldContain("'nowhere', which does not exist");

    [Fact]
    public void Two_nodes_of_one_name_are_refused() => Refused(Spec(["a", "a"])).Detail!.ShouldContain("Two nodes are called 'a'");

    [Fact]
    public void Two_inputs_of_one_name_are_refused()
    {
        var spec = Spec(["a", "b", "c"]) with { Edges = [new DagEdge { From = "a", To = "c", As = "x" }, new DagEdge { From = "b", To = "c", As = "x" }] };

        Refused(spec).Detail!.ShouldContain("input called 'x'");
    }

    [Fact]
    public void An_output_that_goes_on_is_refused() => Refused(Spec(["a", "b"], ("a", "b")) with { Output = "a" }).Detail!.ShouldContain("goes on to 'b'");

    [Fact]
    public void An_output_that_does_not_exist_is_refused() => Refused(Spec(["a", "b"], ("a", "b")) with { Output = "z" }).Detail!.ShouldContain("'z', which does not exist");

    [Fact]
    public void Several_ends_give_an_object_unless_one_is_named()
    {
        var spec = Spec(["a", "b", "c"], ("a", "b"), ("a", "c"));

        DagRules.Bind(spec).Output.ShouldBeNull();
        DagRules.Bind(spec with { Output = "c" }).Output.ShouldBe(2);
    }

    [Fact]
    public void More_than_a_thousand_nodes_are_refused()
    {
        string[] names = [.. Enumerable.Range(0, 1001).Select(i => $"n{i}")];

        Refused(Spec(names)).Detail!.ShouldContain("1001 nodes");
        DagRules.Bind(Spec(names[..1000])).Steps.Count.ShouldBe(1000);
    }

    [Fact]
    public void A_reference_of_an_inputs_name_is_refused()
    {
        var spec = Spec(["a", "b"], ("a", "b"));
        var references = new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "key" };

        Refused(spec with { Nodes = [spec.Nodes[0], spec.Nodes[1] with { References = references }] }).Detail!.ShouldContain("called 'a'");
    }

    [Theory]
    [InlineData("UPPER")]
    [InlineData("")]
    [InlineData("a b")]
    public void A_name_that_breaks_the_rule_is_refused(string name) => Refused(Spec([name])).Detail!.ShouldContain("no valid name");

    [Fact]
    public void A_spec_comes_back_from_json_as_it_was()
    {
        const string Json = """{"consistency":"repeatable-read","timeout":"5s","retries":1,"placement":"spread","nodes":[{"name":"a","function":"f:live","retries":2,"timeout":"1s","references":{"k":"key"}},{"name":"b","function":"g"}],"edges":[{"from":"a","to":"b","when":{"path":"$.x","greater":3}}],"output":"b"}""";
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);

        var spec = JsonSerializer.Deserialize<DagSpec>(Json, options)!;
        var graph = DagRules.Bind(JsonSerializer.Deserialize<DagSpec>(JsonSerializer.Serialize(spec, options), options)!);

        graph.Steps[0].Qualifier.ShouldBe("live");
        graph.Steps[0].References.ShouldBe(["key"]);
        graph.Steps[0].Next[0].When!.Text.ShouldBe("$.x > 3");
    }

    internal static DagSpec Spec(string[] names, params (string From, string To)[] edges) => new()
    {
        Nodes = [.. names.Select(name => new DagNode { Name = name, Function = "f" })],
        Edges = [.. edges.Select(edge => new DagEdge { From = edge.From, To = edge.To })],
    };

    private static Problem Refused(DagSpec spec) => Should.Throw<ProblemException>(() => DagRules.Bind(spec)).Problem;
}
