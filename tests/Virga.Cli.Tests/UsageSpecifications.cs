using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class UsageSpecifications : IAsyncLifetime, IDisposable
{
    private const string Report = """
        {"by":"version","since":"2026-01-31T10:00:00Z","until":"2026-01-31T13:00:00Z","currency":"EUR",
         "items":[{"tenant":"default","namespace":"default","function":"hello","version":3,"calls":12,"ok":10,"errors":2,"rejected":0,"cancelled":0,
                   "durationMs":1500,"cpuMs":20.5,"bytesIn":0,"bytesOut":1048576,"warmByteSeconds":2147483648,"frozenByteSeconds":0,"snapshotByteSeconds":3865470566400,"cost":0.25}],
         "total":{"calls":12,"ok":10,"errors":2,"rejected":0,"cancelled":0,"durationMs":1500,"cpuMs":20.5,"bytesIn":0,"bytesOut":1048576,
                  "warmByteSeconds":2147483648,"frozenByteSeconds":0,"snapshotByteSeconds":3865470566400,"cost":0.25}}
        """;

    private readonly TemporaryFolder _folder = new();
    private ControlApi _api = null!;
    private string _query = "";

    public async ValueTask InitializeAsync()
    {
        _api = await ControlApi.StartAsync();
        Answer(Report);
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Usage_is_a_table_in_seconds_and_gigabytes_with_a_total()
    {
        var run = await RunAsync("usage", "--by", "version", "--since", "2026-01-31T10:00Z", "--until", "1h", "--function", "hello");

        _query.ShouldBe("?by=version&since=2026-01-31T10%3A00Z&until=1h&function=hello");
        var lines = run.Out.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        lines[0].ShouldBe("VERSION CALLS ERRORS REJECTED TIME s CPU s IN MB OUT MB WARM GB-s FROZEN GB-s SNAPSHOT GB-h COST EUR");
        lines[1].ShouldBe("hello:3 12 2 - 1.500 0.021 - 1 2 - 1 0.25");
        lines[2].ShouldStartWith("total 12 2 ");
    }

    [Fact]
    public async Task Json_is_what_the_node_says()
    {
        var run = await RunAsync("usage", "--output", "json");

        _query.ShouldBeEmpty();
        JsonNode.DeepEquals(JsonNode.Parse(run.Out), JsonNode.Parse(Report)).ShouldBeTrue();
    }

    [Fact]
    public async Task Csv_comes_from_the_node_as_it_is()
    {
        Answer("function,calls\r\nhello,12\r\n");

        var run = await RunAsync("usage", "-o", "csv");

        _query.ShouldBe("?format=csv");
        run.Out.ShouldBe("function,calls\r\nhello,12\r\n");
    }

    [Fact]
    public async Task A_time_without_usage_is_told_to_people_beside_the_result()
    {
        Answer("""{"by":"function","since":"2026-01-31T10:00:00Z","until":"2026-01-31T13:00:00Z","items":[],"total":{}}""");

        var run = await RunAsync("usage");

        run.Out.ShouldBeEmpty();
        run.Error.ShouldBe("Nothing was used from 2026-01-31T10:00:00Z to 2026-01-31T13:00:00Z.\n");
    }

    [Theory]
    [InlineData("'day' is none of the values of --by: function, version, hour.", "usage", "--by", "day")]
    [InlineData("'No' in --function is no valid name", "usage", "--function", "No")]
    [InlineData("`list` prints no CSV. Use --output table, json or yaml.", "fn", "list", "-o", "csv")]
    public async Task A_wrong_input_is_named(string message, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var help = (await RunAsync("usage", "--help")).Out;

        foreach (var option in (string[])["--by", "--since", "--until", "--function", "csv"])
        {
            help.ShouldContain(option);
        }
    }

    private void Answer(string text) => _api.Usage = context =>
    {
        _query = context.Request.QueryString.Value ?? "";
        return context.Response.WriteAsync(text);
    };

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
