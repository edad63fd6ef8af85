using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class StateSpecifications : IAsyncLifetime, IDisposable
{
    private const string Version = "0123456789abcdef0123456789abcdef";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _requests = [];
    private ControlApi _api = null!;

    public async ValueTask InitializeAsync() => _api = await ControlApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_value_is_printed_as_it_is()
    {
        Answer("text/plain; charset=utf-8", "good morning");

        var run = await RunAsync("state", "get", "greeting");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldBe("good morning");
        _requests.ShouldBe(["GET state/greeting"]);
    }

    [Fact]
    public async Task As_json_a_value_comes_with_all_that_is_said_of_it()
    {
        Answer("application/json", """{"a":[1,2]}""", ("Virga-State-Kind", "map"), ("ETag", $"\"{Version}\""), ("Virga-State-Expires", "2026-01-31T12:00:00.0000000+00:00"));

        var run = await RunAsync("state", "get", "k", "--output", "json");

        JsonNode.DeepEquals(
            JsonNode.Parse(run.Out),
            JsonNode.Parse($$"""{"key":"k","kind":"map","version":"{{Version}}","content":"json","value":{"a":[1,2]},"expires":"2026-01-31T12:00:00.0000000+00:00"}""")).ShouldBeTrue(run.Out);
    }

    [Fact]
    public async Task Bytes_are_base64_in_json()
    {
        Answer("application/octet-stream", "abc");

        var run = await RunAsync("state", "get", "k", "-o", "json");

        JsonNode.Parse(run.Out)!["value"]!["bytes"]!.ToString().ShouldBe("YWJj");
        JsonNode.Parse(run.Out)!["content"]!.ToString().ShouldBe("bytes");
    }

    [Fact]
    public async Task Siblings_are_told_of()
    {
        Answer("application/json", "[1,2]", ("Virga-State-Siblings", "2"));

        var run = await RunAsync("state", "get", "k");

        run.Out.ShouldBe("[1,2]");
        run.Error.ShouldBe("2 versions were written at the same time; this is all of them.\n");
    }

    [Theory]
    [InlineData("hello", null, "text/plain")]
    [InlineData("{\"a\":1}", null, "application/json")]
    [InlineData("42", null, "application/json")]
    [InlineData("42", "text", "text/plain")]
    [InlineData("42", "bytes", "application/octet-stream")]
    public async Task What_is_put_is_json_if_it_can_be_read_as_such_unless_the_user_says_otherwise(string value, string? type, string contentType)
    {
        Answer("application/json", $$"""{"key":"k","kind":"lww","version":"{{Version}}"}""");

        var run = await RunAsync(["state", "put", "k", value, .. type is null ? Array.Empty<string>() : ["--type", type]]);

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Error.ShouldBe($"k has the version {Version}.\n");
        _requests.ShouldBe([$"PUT state/k {contentType} {value}"]);
    }

    [Fact]
    public async Task A_file_or_standard_input_is_put_whole()
    {
        Answer("application/json", "{}");
        _folder.Write("value.txt", "from a file");

        await RunAsync("state", "put", "k", "@value.txt");
        await new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)) { Input = "from a pipe" }.RunAsync("state", "put", "k", "-");
        var missing = await RunAsync("state", "put", "k", "@none.txt");

        _requests.ShouldBe(["PUT state/k text/plain from a file", "PUT state/k text/plain from a pipe"]);
        missing.Code.ShouldBe(ExitCode.Usage);
        missing.Error.ShouldContain("There is no file 'none.txt'.");
    }

    [Fact]
    public async Task Conditions_and_the_time_to_live_go_along()
    {
        Answer("application/json", "{}");

        await RunAsync("state", "put", "k", "v", "--ttl", "30s", "--if-version", Version);
        await RunAsync("state", "put", "k", "v", "--if-absent");
        var both = await RunAsync("state", "put", "k", "v", "--if-absent", "--if-version", Version);

        _requests.ShouldBe([$"PUT state/k?ttl=30s If-Match=\"{Version}\" text/plain v", "PUT state/k If-None-Match=* text/plain v"]);
        both.Code.ShouldBe(ExitCode.Usage);
    }

    [Theory]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("a/../b", "a%2F..%2Fb")]
    [InlineData("100% grün?", "100%25%20gr%C3%BCn%3F")]
    public async Task A_key_with_any_characters_arrives_as_it_is(string key, string path)
    {
        Answer("text/plain", "v");

        await RunAsync("state", "get", key);

        _requests.ShouldBe([$"GET state/{path}"]);
    }

    [Fact]
    public async Task A_counter_is_incremented_and_printed()
    {
        Answer("application/json", "7");

        var one = await RunAsync("state", "incr", "hits");
        var less = await RunAsync("state", "incr", "hits", "--output", "json", "--", "-3");

        one.Out.ShouldBe("7\n");
        JsonNode.Parse(less.Out)!["result"]!.GetValue<int>().ShouldBe(7);
        _requests.ShouldBe(["PATCH state/hits application/json {\"counter\":{\"increment\":1}}", "PATCH state/hits application/json {\"counter\":{\"increment\":-3}}"]);
    }

    [Fact]
    public async Task Updates_and_queries_are_json_that_the_node_reads()
    {
        Answer("application/json", "true");

        (await RunAsync("state", "update", "s", """{"set":{"add":["a"]}}""")).Out.ShouldBe("true\n");
        (await RunAsync("state", "query", "s", """{"set":{"has":"a"}}""")).Out.ShouldBe("true\n");

        _requests.ShouldBe(["""PATCH state/s application/json {"set":{"add":["a"]}}""", """POST state/s application/json {"set":{"has":"a"}}"""]);
    }

    [Fact]
    public async Task A_list_goes_through_all_pages()
    {
        _api.State = context => context.Response.WriteAsync(context.Request.Query["after"] == "a"
            ? """{"items":[{"key":"b","kind":"counter","version":"2","size":90}],"next":null}"""
            : """{"items":[{"key":"a","kind":"lww","version":"1","size":80}],"next":"a"}""");

        var table = await RunAsync("state", "list", "pre");
        var first = await RunAsync("state", "list", "--limit", "1", "--output", "json");

        table.Out.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ShouldBe(["KEY KIND SIZE EXPIRES VERSION", "a lww 80 - 1", "b counter 90 - 2", ""]);
        JsonNode.Parse(first.Out)!["items"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_deletion_says_whether_there_was_something()
    {
        Answer("application/json", """{"key":"k","existed":false}""");

        (await RunAsync("state", "delete", "k")).Error.ShouldBe("There was no key k.\n");
        JsonNode.Parse((await RunAsync("state", "delete", "k", "-o", "json")).Out)!["existed"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public async Task Watching_goes_on_from_cursor_to_cursor()
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        _api.State = async context =>
        {
            var cursor = context.Request.Query["cursor"].ToString();
            _requests.Add(cursor);
            if (cursor == "9")
            {
                await enough.CancelAsync();
            }

            await context.Response.WriteAsync(cursor switch
            {
                "" => """{"items":[],"cursor":7}""",
                "7" => """{"items":[{"key":"a","kind":"lww","content":"text","value":"x"},{"key":"b","deleted":true}],"cursor":9}""",
                _ => """{"items":[],"cursor":9}""",
            });
        };

        var run = await new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunUntilStoppedAsync(["state", "watch", "--output", "json"], enough.Token);

        run.Code.ShouldBe(ExitCode.Interrupted);
        run.Out.ShouldBe("""{"key":"a","kind":"lww","content":"text","value":"x"}""" + "\n" + """{"key":"b","deleted":true}""" + "\n");
        _requests.Take(3).ShouldBe(["", "7", "9"]);
    }

    [Fact]
    public async Task An_export_goes_to_a_file_and_back()
    {
        Answer("application/x-ndjson", "{\"key\":\"a\"}\n");
        var export = await RunAsync("state", "export", "--file", "state.ndjson");
        File.ReadAllText(Path.Combine(_folder.Path, "state.ndjson")).ShouldBe("{\"key\":\"a\"}\n");
        File.Exists(Path.Combine(_folder.Path, "state.ndjson.part")).ShouldBeFalse();
        Answer("application/json", """{"keys":1}""");

        var import = await RunAsync("state", "import", "state.ndjson");

        export.Code.ShouldBe(ExitCode.Ok, export.Error);
        import.Error.ShouldBe("Imported 1 keys.\n");
        _requests.ShouldBe(["GET state-export", "POST state-import application/x-ndjson {\"key\":\"a\"}\n"]);
    }

    [Fact]
    public async Task A_refusal_is_one_line()
    {
        _api.Problem = line => line == "GET state/nothing" ? ControlApi.ProblemOf("not-found", 404, "client", "There is no key 'nothing'.", "See `virga state list`.") : null;

        var run = await RunAsync("state", "get", "nothing");

        run.Code.ShouldBe(ExitCode.Refused);
        run.Error.ShouldBe("error: There is no key 'nothing'. See `virga state list`. (not-found)\n");
    }

    // Remembers what comes, with the path as it was sent.
    private void Answer(string contentType, string body, params (string Name, string Value)[] headers) => _api.State = async context =>
    {
        var request = context.Request;
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, context.RequestAborted);
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Replace("/api/v1/tenants/default/namespaces/default/", "", StringComparison.Ordinal);
        string?[] parts =
        [
            $"{request.Method} {target}",
            request.Headers.IfMatch is [var match] ? $"If-Match={match}" : null,
            request.Headers.IfNoneMatch is [var none] ? $"If-None-Match={none}" : null,
            request.ContentType,
            buffer.Length > 0 ? Encoding.UTF8.GetString(buffer.ToArray()) : null,
        ];
        _requests.Add(string.Join(' ', parts.Where(part => part is not null)));
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body);
    };

    private Task<CliRun> RunAsync(params string[] arguments) => new Support.Cli(_folder.Path, ("VIRGA_ADMIN", _api.Url)).RunAsync(arguments);
}
