using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>The samples of shared state do what their READMEs say.</summary>
public sealed class SharedStateSampleTests(VirgaNode node) : IClassFixture<VirgaNode>
{
    [Fact]
    public async Task The_recommender_offers_what_others_watched_next()
    {
        await ApplyAsync("recommender");
        foreach (var user in (string[])["ann", "bob", "cleo"])
        {
            foreach (var title in (string[])["Alien", "Aliens", "Arrival"])
            {
                (await node.PostAsync($"/users/{user}/watched/{title}", string.Empty)).Status.ShouldBe(204);
            }
        }

        (await node.PostAsync("/users/dan/watched/Alien", string.Empty)).Status.ShouldBe(204);

        (await node.GetAsync("/users/dan/next")).Body.ShouldBe("""{"watched":["Alien"],"next":["Aliens"]}""");
        (await node.GetAsync("/users/nobody/next")).Body.ShouldBe("""{"watched":[],"next":[]}""");
    }

    [Fact]
    public async Task The_members_of_a_gossip_agree_on_the_average()
    {
        await ApplyAsync("gossip-average");

        var answer = await node.GetAsync("/gossip?numbers=1,2,3,4,5,60");

        answer.Status.ShouldBe(200, answer.Body);
        answer.Json["average"]!.GetValue<double>().ShouldBe(12.5);
        var estimates = answer.Json["estimates"]!.AsArray().Select(estimate => estimate!.GetValue<double>()).ToArray();
        estimates.Length.ShouldBe(6);
        estimates.ShouldAllBe(estimate => Math.Abs(estimate - 12.5) < 1.25);
    }

    [Fact]
    public async Task The_model_is_served_and_replaced_without_a_deployment()
    {
        await ApplyAsync("model-serving");
        await node.DeployAsync("put-model", Source.Python("def handler(event, ctx): ctx.state.put('models/messages', event.json())\n"));
        var missing = await node.PostAsync("/classify", "You have won cash! Claim it now");
        missing.Status.ShouldBe(500);
        missing.Body.ShouldContain("There is no model yet");

        (await node.PostAsync("/f/put-model", await TrainAsync(), "application/json")).Status.ShouldBe(200);
        (await node.PostAsync("/classify", "You have won cash! Claim it now")).Body.ShouldBe("""{"label":"spam","confidence":0.999,"because":["!","now","claim"]}""");
        (await node.PostAsync("/classify", "Shall we meet for lunch on Friday?")).Json["label"]!.ToString().ShouldBe("ham");

        (await node.PostAsync("/f/put-model", """{"labels":{"dull":{"prior":0,"words":{}}}}""", "application/json")).Status.ShouldBe(200);
        (await node.PostAsync("/classify", "You have won cash! Claim it now")).Json["label"]!.ToString().ShouldBe("dull");
    }

    [Fact]
    public async Task The_shared_counter_loses_no_visit_beside_its_twin_in_JavaScript()
    {
        (await node.RunAsync("fn", "deploy", SampleOf("shared-counter"), "--name", "shared-counter", "--route", "POST /visits/{page}")).ShouldSucceed();
        (await node.PostAsync("/visits/home", string.Empty)).Body.ShouldBe("""{"total":1}""");
        await ApplyAsync("shared-counter-csharp");

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => node.PostAsync("/visits-csharp/home", string.Empty)));

        answers.ShouldAllBe(answer => answer.Status == 200);
        answers.Select(answer => answer.Json["visits"]!.GetValue<int>()).Max().ShouldBe(100);
        (await node.GetAsync("/visits-csharp/home")).Body.ShouldBe("""{"page":"home","visits":100}""");
    }

    [Fact]
    public async Task The_visitors_of_a_day_are_counted_and_compared_with_those_of_another()
    {
        await ApplyAsync("unique-visitors");
        const string Monday = """[{"visitor":"ann","page":"/","ms":12},{"visitor":"bob","page":"/","ms":31},{"visitor":"ann","page":"/prices","ms":18}]""";
        (await node.PostAsync("/hits/monday", Monday, "application/json")).Body.ShouldBe("""{"added":3}""");
        (await node.PostAsync("/hits/tuesday", """{"visitor":"ann","page":"/","ms":9}""", "application/json")).Body.ShouldBe("""{"added":1}""");

        (await node.GetAsync("/figures/tuesday?before=monday")).Body.ShouldBe("""{"visitors":1,"returning":1,"pages":[{"page":"/","hits":1}],"milliseconds":{"p50":9,"p99":9,"max":9}}""");
        (await node.GetAsync("/figures/monday")).Body.ShouldBe("""{"visitors":2,"pages":[{"page":"/","hits":2},{"page":"/prices","hits":1}],"milliseconds":{"p50":18,"p99":31,"max":31}}""");
        (await node.RunAsync("state", "query", "unique-visitors/monday/latency", """{"quantiles":{"ranks":[20]}}""")).Output.ShouldContain("0.666");

        // Many visits from many instances at once: each visitor comes to two pages.
        var posts = Enumerable.Range(0, 20).Select(batch => node.PostAsync(
            "/hits/wednesday",
            $"[{string.Join(',', Enumerable.Range(batch * 100, 200).Select(visitor => $$$"""{"visitor":"v{{{visitor}}}","page":"/{{{visitor % 10}}}","ms":{{{visitor}}}}"""))}]",
            "application/json"));
        (await Task.WhenAll(posts)).ShouldAllBe(answer => answer.Status == 200);

        var figures = (await node.GetAsync("/figures/wednesday")).Json;
        figures["visitors"]!.GetValue<int>().ShouldBe(2100);
        figures["pages"]!.AsArray().ShouldAllBe(page => page!["hits"]!.GetValue<int>() == 400);
        figures["milliseconds"]!["p50"]!.GetValue<double>().ShouldBe(1050, 2100 * 0.0165);
    }

    private static string SampleOf(string name) => Path.Combine(Installation.Root, "samples", name);

    private static async Task<string> TrainAsync()
    {
        var trained = await SystemCommand.RunAsync("/usr/bin/python3", "-B", Path.Combine(SampleOf("model-serving"), "train.py"));
        trained.ShouldSucceed();
        return trained.Output;
    }

    private async Task ApplyAsync(string sample) => (await node.RunAsync("apply", "-f", Path.Combine(SampleOf(sample), "virga.yaml"))).ShouldSucceed();
}
