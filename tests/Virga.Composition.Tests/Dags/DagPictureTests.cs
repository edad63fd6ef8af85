using System.Xml.Linq;
using Virga.Composition.Dags.Api;
using Virga.Composition.Dags.Pictures;
using Virga.Composition.Tests.Dags.Simulation;
using Virga.Core.Dags;

namespace Virga.Composition.Tests.Dags;

public sealed class DagPictureTests
{
    [Fact]
    public void Steps_stand_in_layers_without_touching_each_other_and_every_edge_leads_down()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var graph = DagRules.Bind(RandomDag.Make(new Random(seed), most: 25));
            var layout = DagLayout.Of(graph);
            DagCoordinates.Set(layout, top: 24);

            layout.Layers.SelectMany(layer => layer).Where(place => place.Step is not null).Select(place => place.Step!.Value).Order().ShouldBe(Enumerable.Range(0, graph.Steps.Count), $"seed {seed}");
            foreach (var layer in layout.Layers)
            {
                var steps = layer.Where(place => place.Step is not null).OrderBy(place => place.X).ToList();
                steps.Zip(steps.Skip(1)).ShouldAllBe(pair => pair.Second.X - pair.First.X > DagCoordinates.StepWidth, $"seed {seed}");
            }

            layout.Ways.ShouldAllBe(way => way.Zip(way.Skip(1)).All(pair => pair.Second.Layer == pair.First.Layer + 1), $"seed {seed}");
        }
    }

    [Fact]
    public void A_picture_is_well_formed_whatever_names_and_conditions_are()
    {
        var graph = new TestDags().Add("d", """{"nodes":[{"name":"a","function":"f"},{"name":"b","function":"g"}],"edges":[{"from":"a","to":"b","when":{"path":"$['<&\"']","equals":"</svg>\u0000"}}]}""").Graph;

        var picture = XDocument.Parse(DagPicture.Draw(graph, null));

        picture.Root!.Name.LocalName.ShouldBe("svg");
        picture.ToString().ShouldContain(">a<");
    }

    [Fact]
    public async Task A_run_is_drawn_with_the_state_and_the_time_of_each_step()
    {
        await using var node = new LocalNode().With("f", body => body).Dag("d", """{"nodes":[{"name":"a","function":"f"},{"name":"b","function":"f"}],"edges":[{"from":"a","to":"b","when":{"path":"$","equals":1}}]}""");
        await node.RunAsync("d", "2");
        var run = DagRunDocument.Of(node.Engine.Book.RunsOf(TestDags.Name("d"))[0], "n");

        var picture = DagPicture.Draw(node.Dags.Find(TestDags.Name("d"))!.Graph, run);

        picture.ShouldContain("box succeeded");
        picture.ShouldContain("box skipped");
        picture.ShouldContain("b-succeeded");
    }
}
