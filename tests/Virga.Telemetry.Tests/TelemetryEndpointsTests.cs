using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Telemetry.Tests;

public sealed class TelemetryEndpointsTests : IAsyncLifetime
{
    private const string Full = "/api/v1/tenants/default/namespaces/default";

    private readonly TestData _data = new();
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private TelemetryNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await TelemetryNode.StartAsync(_data);

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _data.Dispose();
    }

    [Theory]
    [InlineData("/api/v1")]
    [InlineData(Full)]
    public async Task An_invocation_is_found_by_its_id_with_its_log_lines(string root)
    {
        var function = TestData.Version();
        var record = _data.Record(function, Outcome.FunctionError, KnownProblems.FunctionError("TypeError", "x is undefined", null));
        _node.Log.Write(_data.Line(function, "on the way", record.Id));
        _node.Log.Write(_data.Line(function, "of another call", InvocationId.New(_data.Time)));
        _node.Observer.Completed(record);

        var found = await _node.Client.GetFromJsonAsync<JsonElement>($"{root}/invocations/{record.Id}", _cancellation);
        found.GetProperty("problem").GetProperty("fault").GetString().ShouldBe("function");
        found.GetProperty("logs").EnumerateArray().Single().GetProperty("message").GetString().ShouldBe("on the way");

        var list = await _node.Client.GetFromJsonAsync<JsonElement>($"{root}/functions/hello/invocations?outcome=function-error&since=15m", _cancellation);
        list.GetProperty("items").EnumerateArray().Single().GetProperty("id").GetString().ShouldBe(record.Id.ToString());

        var stats = await _node.Client.GetFromJsonAsync<JsonElement>($"{root}/functions/hello/stats", _cancellation);
        stats.GetProperty("errors").GetInt64().ShouldBe(1);
        stats.GetProperty("byOutcome").GetProperty("function-error").GetInt64().ShouldBe(1);
        stats.GetProperty("latency").GetProperty("p99").GetDouble().ShouldBe(1.5, 0.1);
    }

    [Fact]
    public async Task An_invocation_of_another_tenant_is_not_found()
    {
        var record = _data.Record(TestData.Version());
        _node.Observer.Completed(record);
        var response = await _node.Client.GetAsync(new Uri($"/api/v1/tenants/acme/namespaces/default/invocations/{record.Id}", UriKind.Relative), _cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("logs")]
    [InlineData("logs?follow=true")]
    [InlineData("invocations")]
    [InlineData("stats")]
    public async Task What_is_asked_about_a_function_that_never_was_is_not_found(string what)
    {
        await using var node = await TelemetryNode.StartAsync(_data, functions: new DeployedFunctions(TestData.Version()));
        var response = await node.Client.GetAsync(new Uri($"/api/v1/functions/helo/{what}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, _cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response = await node.Client.GetAsync(new Uri($"/api/v1/functions/hello/{what}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, _cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_logs_of_a_deleted_function_are_still_found()
    {
        await using var node = await TelemetryNode.StartAsync(_data, functions: new DeployedFunctions());
        node.Log.Write(_data.Line(TestData.Version(), "of old"));
        (await node.Client.GetStringAsync(new Uri("/api/v1/functions/hello/logs", UriKind.Relative), _cancellation)).ShouldContain("of old");
    }

    [Fact]
    public async Task Logs_are_followed_as_they_come()
    {
        var function = TestData.Version();
        _node.Log.Write(_data.Line(function, "old"));
        await using var stream = await _node.Client.GetStreamAsync(new Uri("/api/v1/functions/hello/logs?follow=true", UriKind.Relative), _cancellation);
        using var lines = new StreamReader(stream);
        (await lines.ReadLineAsync(_cancellation))!.ShouldContain("\"old\"");
        _node.Log.Write(_data.Line(function, "new"));
        (await lines.ReadLineAsync(_cancellation))!.ShouldContain("\"new\"");
    }

    [Fact]
    public async Task A_node_that_stops_ends_the_streams_of_its_followers()
    {
        await using var stream = await _node.Client.GetStreamAsync(new Uri("/api/v1/functions/hello/logs?follow=true", UriKind.Relative), _cancellation);
        using var lines = new StreamReader(stream);
        var stop = _node.StopAsync();
        (await lines.ReadLineAsync(_cancellation)).ShouldBeNull();
        await stop;
    }

    [Theory]
    [InlineData("/api/v1/functions/Not_A_Name/logs", "invalid-name")]
    [InlineData("/api/v1/functions/..%2f..%2fetc/logs", "invalid-name")]
    [InlineData("/api/v1/tenants/A/namespaces/default/functions/hello/stats", "invalid-name")]
    [InlineData("/api/v1/functions/hello/logs?level=loud", "invalid-request")]
    [InlineData("/api/v1/functions/hello/logs?since=yesterday", "invalid-request")]
    [InlineData("/api/v1/functions/hello/logs?limit=0", "invalid-request")]
    [InlineData("/api/v1/functions/hello/logs?limit=1&limit=2", "invalid-request")]
    [InlineData("/api/v1/functions/hello/logs?follow=maybe", "invalid-request")]
    [InlineData("/api/v1/functions/hello/logs?invocation=7", "invalid-request")]
    [InlineData("/api/v1/functions/hello/invocations?outcome=odd", "invalid-request")]
    [InlineData("/api/v1/invocations/nope", "invalid-request")]
    public async Task What_cannot_be_read_is_answered_with_a_problem(string path, string slug)
    {
        var response = await _node.Client.GetAsync(new Uri(path, UriKind.Relative), _cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(_cancellation);
        problem.GetProperty("type").GetString().ShouldBe(Problem.TypePrefix + slug);
        problem.GetProperty("fault").GetString().ShouldBe("client");
        problem.GetProperty("fix").GetString().ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("logs", "")]
    [InlineData("invocations", """{"items":[]}""")]
    public async Task A_function_that_was_never_called_has_nothing_to_show(string what, string expected) =>
        (await _node.Client.GetStringAsync(new Uri($"/api/v1/functions/nobody/{what}", UriKind.Relative), _cancellation)).ShouldBe(expected);
}
