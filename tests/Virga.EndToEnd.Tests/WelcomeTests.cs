using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>The first minute of a new user, and the samples.</summary>
public sealed class WelcomeTests(WelcomeNode node) : IClassFixture<WelcomeNode>
{
    [Fact]
    public async Task An_empty_node_deploys_a_sample_in_each_language_and_each_answers()
    {
        foreach (var sample in (string[])["hello-js", "hello-ts", "hello-python", "hello-csharp"])
        {
            var answer = await node.GetAsync($"/{sample}?name=reader");
            answer.Status.ShouldBe(200, answer.Body);
            answer.Body.ShouldContain("reader");
        }
    }

    [Fact]
    public async Task An_empty_node_deploys_a_sample_that_shares_state_and_has_called_it_twice() =>
        (await node.PostAsync("/shared-counter", "")).Body.ShouldBe("""{"total":3}""");

    [Fact]
    public async Task The_other_samples_do_what_they_say()
    {
        await DeploySampleAsync("csv-to-json", "POST /csv");
        await DeploySampleAsync("csv-to-json-python", "POST /csv-python");
        await DeploySampleAsync("stream", "GET /numbers");
        await DeploySampleAsync("hello-exec", "POST /hello-exec", "--env", "exec");

        (await node.PostAsync("/csv", "name,age\nann,31\n", "text/csv")).Body.ShouldBe("""[{"name":"ann","age":"31"}]""");
        (await node.PostAsync("/csv-python", "name,age\nAda,36\n", "text/csv")).Body.ShouldBe("""[{"name":"Ada","age":"36"}]""");
        (await node.GetAsync("/numbers?count=2&every=1")).Body.ShouldBe("id: 1\ndata: {\"number\":1}\n\nid: 2\ndata: {\"number\":2}\n\n");
        (await node.PostAsync("/hello-exec", "ann")).Body.ShouldStartWith("{\"hello\":\"ann\"}");
    }

    [Fact]
    public async Task A_project_made_by_init_can_be_deployed_as_it_is()
    {
        foreach (var language in (string[])["js", "ts", "python", "csharp"])
        {
            var name = "made-" + language;
            (await node.RunAsync("init", "--lang", language, name)).ShouldSucceed();
            (await node.RunAsync("fn", "deploy", name, "--name", name)).ShouldSucceed();

            var answer = await node.GetAsync($"/f/{name}");
            answer.Status.ShouldBe(200, answer.Body);
        }
    }

    private async Task DeploySampleAsync(string sample, string route, params string[] options) =>
        (await node.RunAsync(["fn", "deploy", Path.Combine(Installation.Root, "samples", sample), "--name", sample, "--route", route, .. options])).ShouldSucceed();
}
