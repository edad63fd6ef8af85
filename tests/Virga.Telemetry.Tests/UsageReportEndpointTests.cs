using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Telemetry.Metering;

namespace Virga.Telemetry.Tests;

public sealed class UsageReportEndpointTests : IAsyncLifetime
{
    private readonly TestData _data = new();
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private TelemetryNode _node = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await TelemetryNode.StartAsync(_data, prices: new PriceSheet { Currency = "EUR", PerMillionCalls = 1_000_000 });
        _node.Observer.Completed(_data.Record(TestData.Version()));
        _node.Observer.Completed(_data.Record(TestData.Version(), Outcome.Crashed, KnownProblems.Crashed("exit code 1")));
        _node.Observer.Completed(_data.Record(TestData.Version("other")));
        _node.Observer.Completed(_data.Record(OfTenant("acme")));
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task Usage_is_told_by_function_with_costs_and_a_total()
    {
        var report = await GetAsync("/api/v1/usage");

        report.GetProperty("by").GetString().ShouldBe("function");
        report.GetProperty("currency").GetString().ShouldBe("EUR");
        var items = report.GetProperty("items").EnumerateArray().ToList();
        items.Select(item => item.GetProperty("function").GetString()).ShouldBe(["hello", "other"]);
        items[0].GetProperty("calls").GetInt64().ShouldBe(2);
        items[0].GetProperty("errors").GetInt64().ShouldBe(1);
        items[0].GetProperty("durationMs").GetInt64().ShouldBe(4);
        items[0].GetProperty("cost").GetDecimal().ShouldBe(2);
        items[0].TryGetProperty("hour", out _).ShouldBeFalse();
        report.GetProperty("total").GetProperty("calls").GetInt64().ShouldBe(3);
        report.GetProperty("total").GetProperty("cost").GetDecimal().ShouldBe(3);
    }

    [Fact]
    public async Task Tenants_are_told_apart()
    {
        var all = await GetAsync("/api/v1/usage?by=tenant");
        all.GetProperty("items").EnumerateArray().Select(item => (item.GetProperty("tenant").GetString(), item.GetProperty("calls").GetInt64())).ShouldBe([("acme", 1), ("default", 3)]);

        var one = await GetAsync("/api/v1/tenants/acme/namespaces/default/usage?by=tenant");
        one.GetProperty("items").EnumerateArray().Single().GetProperty("tenant").GetString().ShouldBe("acme");
    }

    [Fact]
    public async Task Csv_has_the_same_names_and_numbers()
    {
        using var response = await _node.Client.GetAsync(new Uri("/api/v1/usage?by=version&function=hello&format=csv", UriKind.Relative), _cancellation);

        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        (await response.Content.ReadAsStringAsync(_cancellation)).ShouldBe(
            "tenant,namespace,function,version,calls,ok,errors,rejected,cancelled,durationMs,cpuMs,bytesIn,bytesOut,warmByteSeconds,frozenByteSeconds,snapshotByteSeconds,cost,currency\r\n"
            + "default,default,hello,3,2,1,1,0,0,4,2,20,40,0,0,0,2,EUR\r\n");
    }

    [Fact]
    public async Task Hours_are_times()
    {
        var report = await GetAsync("/api/v1/usage?by=hour&since=2h&until=2026-01-31T13:00Z");

        report.GetProperty("since").GetString().ShouldBe("2026-01-31T10:00:00Z");
        report.GetProperty("items").EnumerateArray().Single().GetProperty("hour").GetString().ShouldBe("2026-01-31T12:00:00Z");
    }

    [Theory]
    [InlineData("9999-12-31T23:30:00Z")]
    [InlineData("9999-12-31T23:00:00Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z")]
    public async Task A_report_may_go_to_the_end_of_the_calendar(string until)
    {
        var report = await GetAsync("/api/v1/usage?until=" + until);

        report.GetProperty("until").GetString().ShouldBe("9999-12-31T23:00:00Z");
        report.GetProperty("total").GetProperty("calls").GetInt64().ShouldBe(3);
    }

    [Theory]
    [InlineData("by=day", "invalid-request")]
    [InlineData("since=yesterday", "invalid-request")]
    [InlineData("until=later", "invalid-request")]
    [InlineData("since=1h&until=2h", "invalid-request")]
    [InlineData("format=xml", "invalid-request")]
    [InlineData("by=hour&by=hour", "invalid-request")]
    [InlineData("function=No", "invalid-name")]
    public async Task A_parameter_that_cannot_be_read_is_a_problem_that_names_it(string query, string slug)
    {
        using var response = await _node.Client.GetAsync(new Uri("/api/v1/usage?" + query, UriKind.Relative), _cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(_cancellation);
        problem.GetProperty("type").GetString().ShouldBe(Problem.TypePrefix + slug);
        problem.GetProperty("detail").GetString()!.ShouldStartWith(query.Split('=')[0]);
        problem.GetProperty("fix").GetString().ShouldNotBeNullOrEmpty();
    }

    private static FunctionVersion OfTenant(string tenant)
    {
        var version = TestData.Version();
        return new FunctionVersion
        {
            Name = version.Name with { Tenant = ResourceName.Parse(tenant) },
            Version = version.Version,
            Spec = version.Spec,
            BuiltPackage = version.BuiltPackage,
        };
    }

    private Task<JsonElement> GetAsync(string path) => _node.Client.GetFromJsonAsync<JsonElement>(path, _cancellation);
}
