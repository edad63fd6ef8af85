using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Virga.Cli.Tests.Support;
using Virga.Cli.Topics;

namespace Virga.Cli.Tests;

public sealed class TopicSpecifications : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _requests = [];
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await ControlApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_topic_is_made_with_its_partitions()
    {
        Answer("""{"topic":"persistent://default/default/orders"}""");

        var run = await RunAsync("topic", "create", "orders", "--partitions", "3");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Error.ShouldBe("Made persistent://default/default/orders with 3 partitions.\n");
        _requests.ShouldBe(["""PUT topics/orders {"partitions":3}"""]);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("0")]
    public async Task A_number_of_partitions_that_is_none_is_refused_in_words_of_the_user(string partitions)
    {
        var run = await RunAsync("topic", "grow", "orders", partitions);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain($"'{partitions}' as PARTITIONS is no whole number from 1 on.");
        _requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_wanted_more_messages_than_an_ended_topic_has_is_told()
    {
        Answer("""{"id":"1:0","value":"text"}""", "application/x-ndjson");

        (await RunAsync("topic", "consume", "t", "--count", "2")).Error.ShouldStartWith("The topic has ended");
        (await RunAsync("topic", "consume", "t", "--count", "1")).Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_is_published_with_what_is_said_of_it()
    {
        Answer("""{"id":"1:0"}""");

        var run = await RunAsync("topic", "publish", "acme/shop/orders", "hello", "--key", "a b", "--property", "x=y,z", "--delay", "5s");

        run.Error.ShouldBe("Published 1:0.\n");
        _requests.ShouldBe(["POST topics/acme%2Fshop%2Forders/messages Virga-Key=a%20b Virga-Property=x=y%2Cz Virga-Deliver-After=5s hello"]);
    }

    [Fact]
    public async Task A_message_comes_from_one_place()
    {
        (await RunAsync("topic", "publish", "t")).Code.ShouldBe(ExitCode.Usage);
        (await RunAsync("topic", "publish", "t", "m", "--file", "f")).Code.ShouldBe(ExitCode.Usage);
        (await RunAsync("topic", "publish", "t", "--file", "f")).Error.ShouldContain("There is no file 'f'");
        _requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Consumed_messages_are_printed_as_what_they_carry_and_for_programs_with_all_that_is_said()
    {
        const string lines = """
            {"id":"1:0","value":"text"}

            {"id":"1:1","key":"k","value":{"n":1}}
            {"id":"1:2","base64":"YWJj"}
            """;
        Answer(lines, "application/x-ndjson");

        var run = await RunAsync("topic", "consume", "t", "--subscription", "s", "--type", "key_shared", "--from", "earliest", "--count", "3");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldBe("text\n{\"n\":1}\nabc\n");
        _requests.ShouldBe(["GET topics/t/messages?subscription=s&type=key_shared&from=earliest&count=3"]);
        (await RunAsync("topic", "peek", "t", "-o", "json")).Out.Split('\n')[1].ShouldBe("""{"id":"1:1","key":"k","value":{"n":1}}""");
    }

    [Fact]
    public async Task A_problem_in_the_middle_of_a_stream_is_the_end_of_it()
    {
        Answer("""
            {"id":"1:0","value":"a"}
            {"problem":{"type":"urn:virga:problem:not-found","title":"No such resource","status":404,"detail":"The topic was deleted.","fault":"client"}}
            """, "application/x-ndjson");

        var run = await RunAsync("topic", "consume", "t");

        run.Code.ShouldBe(ExitCode.Refused);
        run.Out.ShouldBe("a\n");
        run.Error.ShouldContain("The topic was deleted.");
    }

    [Fact]
    public async Task Figures_show_each_subscription()
    {
        Answer("""
            {"topic":"persistent://default/default/t","partitions":2,"messagesIn":10,"bytesIn":2048,"storageBytes":1048576,"producers":[{"name":"p"}],
             "subscriptions":[{"name":"billing","type":"shared","backlog":7,"unacknowledged":2,"messages":3,"redelivered":1,"consumers":[{},{}]}]}
            """);

        var run = await RunAsync("topic", "stats", "t");

        run.Out.ShouldContain("persistent://default/default/t, 2 partitions");
        run.Out.ShouldContain("10 messages in (2.0 KB), 1 producer, 1.0 MB stored");
        run.Out.ShouldContain("billing");
        run.Out.ShouldContain("shared");
    }

    [Fact]
    public async Task Watched_figures_are_a_line_each_where_there_is_no_terminal()
    {
        Answer("""
            {"time":"2030-01-01T00:00:00Z","messagesIn":10,"bytesIn":0,"subscriptions":[{"name":"s","backlog":1,"messages":4}]}
            {"time":"2030-01-01T00:00:02Z","messagesIn":30,"bytesIn":0,"subscriptions":[{"name":"s","backlog":5,"messages":14}]}
            """, "application/x-ndjson");

        var run = await RunAsync("topic", "stats", "t", "--watch");

        run.Out.ShouldBe("2030-01-01T00:00:00Z  in 0.0/s  out 0.0/s  s: backlog 1\n2030-01-01T00:00:02Z  in 10.0/s  out 5.0/s  s: backlog 5\n");
    }

    [Fact]
    public void A_timeline_is_as_high_as_its_highest_value()
    {
        TopicRates[] history = [Rates(0), Rates(1), Rates(50), Rates(100)];

        var spark = TopicStatsView.Spark(history, static rates => rates.In);

        spark.Length.ShouldBe(TopicStatsView.Timeline);
        spark.TrimStart(' ').ShouldBe("▁▄█");

        static TopicRates Rates(double value) => new(value, 0, new Dictionary<string, double>(), 0);
    }

    [Fact]
    public async Task A_subscription_is_moved_and_deleted()
    {
        Answer("{}");

        await RunAsync("topic", "seek", "t", "--subscription", "a/b", "--to", "10m");
        await RunAsync("topic", "unsubscribe", "t", "-s", "a/b", "--force");

        _requests.ShouldBe(["""POST topics/t/subscriptions/a%2Fb/seek {"to":"10m"}""", "DELETE topics/t/subscriptions/a%2Fb?force=true"]);
    }

    [Theory]
    [InlineData("""{"parts":[{"topic":"t","next":"7:3","backlog":0}]}""", "goes on at 7:3, which is published next.")]
    [InlineData("""{"parts":[{"topic":"t-partition-0","next":"7:3:0","backlog":1},{"topic":"t-partition-1","next":"8:0:1","backlog":12}]}""", "goes on at 7:3:0 with 1 entry to come, 8:0:1 with 12 entries to come.")]
    public async Task A_seek_tells_where_the_subscription_goes_on(string answer, string told)
    {
        Answer(answer);

        (await RunAsync("topic", "seek", "t", "-s", "s", "--to", "99:99")).Error.ShouldContain(told);
    }

    [Fact]
    public async Task Policies_are_json_of_a_topic_or_the_namespace()
    {
        Answer("""{"policies":{"ttlSeconds":60}}""");

        await RunAsync("topic", "policy", "set", "t", "-p", """{"ttlSeconds":60}""");
        await RunAsync("topic", "policy", "get");
        (await RunAsync("topic", "policy", "set", "-p", "no json")).Code.ShouldBe(ExitCode.Usage);

        _requests.ShouldBe(["""PATCH topics/t/policies {"ttlSeconds":60}""", "GET topic-policies"]);
    }

    // Remembers what comes, with the path as it was sent.
    private void Answer(string body, string contentType = "application/json") => _api.Topics = async context =>
    {
        var request = context.Request;
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, context.RequestAborted);
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Replace("/api/v1/tenants/default/namespaces/default/", "", StringComparison.Ordinal);
        var headers = request.Headers.Where(static header => header.Key.StartsWith("Virga-", StringComparison.Ordinal)).Select(static header => $"{header.Key}={header.Value}");
        _requests.Add(string.Join(' ', [$"{request.Method} {target}", .. headers, .. buffer.Length > 0 ? [Encoding.UTF8.GetString(buffer.ToArray())] : Array.Empty<string>()]));
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body);
    };

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
