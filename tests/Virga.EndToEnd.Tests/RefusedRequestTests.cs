using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>What clients send that cannot be taken: each is refused with its documented problem, and the node serves on.</summary>
public sealed class RefusedRequestTests(SmallNode node) : IClassFixture<SmallNode>
{
    private const int Refused = 1;
    private const int Usage = 2;

    [Fact]
    public async Task A_body_up_to_the_limit_is_taken() =>
        (await node.PostAsync("/f/size", new string('x', SmallNode.Limit))).Body.ShouldBe(SmallNode.Limit.ToString());

    [Fact]
    public async Task A_body_that_announces_more_than_the_limit_is_refused_before_it_is_sent()
    {
        using var connection = await RawConnection.OpenAsync(node);
        await connection.WriteAsync($"POST /f/size HTTP/1.1\r\nhost: localhost\r\ncontent-length: {SmallNode.Limit + 1}\r\n\r\n");

        (await connection.ReadUntilAsync("body-too-large")).ShouldStartWith("HTTP/1.1 413");
    }

    [Fact]
    public async Task A_chunked_body_is_refused_when_it_passes_the_limit()
    {
        using var connection = await RawConnection.OpenAsync(node);
        await connection.WriteAsync("POST /f/size HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
        await connection.WriteAsync($"{SmallNode.Limit + 1:x}\r\n{new string('x', SmallNode.Limit + 1)}\r\n0\r\n\r\n");

        (await connection.ReadUntilAsync("body-too-large")).ShouldStartWith("HTTP/1.1 413");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_refused_over_HTTP_2_as_well(bool announced)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/f/size")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[2 * SmallNode.Limit]),
        };
        request.Headers.TransferEncodingChunked = !announced;

        (await node.SendAsync(request)).ShouldBeProblem(413, "body-too-large");
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("GET /f/size HTTP/1.1\r\n\r\n")]
    [InlineData("GET /f/size HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n")]
    [InlineData("GET /f/size HTTP/1.1\r\nhost: a\r\nbad name: x\r\n\r\n")]
    [InlineData("POST /f/size HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n")]
    [InlineData("POST /f/size HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n")]
    public async Task Malformed_HTTP_is_a_400(string request)
    {
        using var connection = await RawConnection.OpenAsync(node);
        await connection.WriteAsync(request);

        (await connection.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 400");
        (await node.GetAsync("/f/size")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_body_that_trickles_in_is_given_up()
    {
        using var connection = await RawConnection.OpenAsync(node);
        await connection.WriteAsync("POST /f/size HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nx");

        (await connection.ReadUntilAsync("request-too-slow")).ShouldStartWith("HTTP/1.1 408");
    }

    [Fact]
    public async Task Headers_over_the_limit_are_a_431()
    {
        using var connection = await RawConnection.OpenAsync(node);
        await connection.WriteAsync($"GET /f/size HTTP/1.1\r\nhost: a\r\nx-long: {new string('x', 64 << 10)}\r\n\r\n");

        (await connection.ReadUntilAsync("\r\n\r\n")).ShouldStartWith("HTTP/1.1 431");
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("UPPER")]
    [InlineData("naïve")]
    [InlineData("-dash")]
    [InlineData("a b")]
    public async Task A_name_that_is_none_is_refused_by_node_and_command(string name)
    {
        var answer = await CreateFunctionAsync(name);

        answer.ShouldBeProblem(400, "invalid-name");
        var path = node.Folder.Write("named/index.mjs", "export default () => 1;");
        (await node.RunAsync("fn", "deploy", path, "--name", name)).ShouldFail(Usage, "usage").ShouldContain("valid name");
    }

    [Fact]
    public async Task A_name_of_300_characters_or_none_is_refused()
    {
        (await CreateFunctionAsync(new string('a', 300))).ShouldBeProblem(400, "invalid-name").Length.ShouldBeLessThan(300);
        (await CreateFunctionAsync("")).ShouldBeProblem(400, "invalid-name");
        (await node.RunAsync("fn", "get", new string('a', 300))).ShouldFail(Usage, "usage");
    }

    [Fact]
    public async Task An_unknown_member_of_a_spec_is_named() =>
        (await node.ControlAsync(HttpMethod.Put, "functions/x", JsonNode.Parse("""{"spec":{"environment":"node","package":"sha256:0","memroy":"1MB"}}""")!)).ShouldBeProblem(400, "invalid-request").ShouldContain("memroy");

    [Fact]
    public async Task Routes_that_match_the_same_requests_conflict()
    {
        (await node.RunAsync("route", "add", "GET /things/{id}", "size")).ShouldSucceed();

        var line = (await node.RunAsync("route", "add", "GET /things/{name}", "size")).ShouldFail(Refused, "conflict");

        line.ShouldContain("/things/{id}");
        (await node.RunAsync("route", "add", "POST /things/{name}", "size")).ShouldSucceed();
    }

    [Fact]
    public async Task A_route_to_no_function_is_refused() =>
        (await node.RunAsync("route", "add", "GET /void", "nobody")).ShouldFail(Refused, "invalid-spec").ShouldContain("nobody");

    [Fact]
    public async Task A_function_that_a_route_calls_is_not_deleted_alone()
    {
        await node.DeployAsync("routed", Source.JavaScript("export default () => 1;"));
        await node.RouteAsync("GET", "/routed", "routed");

        (await node.ControlAsync(HttpMethod.Delete, "functions/routed")).ShouldBeProblem(409, "conflict").ShouldContain("route");
    }

    [Theory]
    [InlineData("../escape.mjs")]
    [InlineData("lib/../../escape.mjs")]
    [InlineData("/etc/escape.mjs")]
    public async Task A_zip_whose_paths_lead_out_is_refused(string path) =>
        (await UploadAsync(Zips.WithFile(path, "export default 1;"))).ShouldBeProblem(422, "invalid-package").ShouldContain("escape.mjs");

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../secret")]
    public async Task A_zip_with_a_link_that_leads_out_is_refused(string target) =>
        (await UploadAsync(Zips.WithLink("inside", target))).ShouldBeProblem(422, "invalid-package").ShouldContain("inside");

    [Fact]
    public async Task A_zip_that_explodes_is_refused() =>
        (await UploadAsync(Zips.WithFile("zeros", new string('0', 300 << 20)))).Status.ShouldBeOneOf(413, 422);

    [Theory]
    [InlineData("../escape.mjs")]
    [InlineData("/etc/escape.mjs")]
    public async Task A_single_file_whose_name_leads_out_is_refused(string name) =>
        (await node.ControlAsync(HttpMethod.Post, $"packages?file={Uri.EscapeDataString(name)}", new ByteArrayContent([1]))).ShouldBeProblem(422, "invalid-package");

    [Fact]
    public async Task What_is_no_zip_is_refused() =>
        (await UploadAsync("PK but not really"u8.ToArray())).ShouldBeProblem(422, "invalid-package");

    [Fact]
    public async Task A_package_over_the_limit_is_refused_by_node_and_command()
    {
        (await UploadAsync(RandomNumberGenerator.GetBytes(SmallNode.Limit + 1))).ShouldBeProblem(413, "package-too-large");
        node.Folder.Write("large/index.mjs", "export default () => 1;");
        await File.WriteAllBytesAsync(Path.Combine(node.Folder.Path, "large", "data.bin"), RandomNumberGenerator.GetBytes(2 * SmallNode.Limit), TestContext.Current.CancellationToken);

        (await node.RunAsync("fn", "deploy", "large", "--name", "large")).ShouldFail(Refused, "package-too-large");
    }

    [Fact]
    public async Task A_refused_package_leaves_nothing_behind()
    {
        var before = Files();

        await UploadAsync(Zips.WithFile("../escape.mjs", "x"));
        await UploadAsync(Zips.WithLink("inside", "/etc/passwd"));

        Files().ShouldBe(before);
        int Files() => Directory.EnumerateFiles(Path.Combine(node.Data, "packages"), "*", SearchOption.AllDirectories).Count();
    }

    private Task<Answer> CreateFunctionAsync(string name) =>
        node.ControlAsync(HttpMethod.Post, "functions", new JsonObject { ["name"] = name, ["spec"] = new JsonObject { ["environment"] = "node", ["package"] = "sha256:" + new string('0', 64) } });

    private Task<Answer> UploadAsync(byte[] zip) =>
        node.ControlAsync(HttpMethod.Post, "packages", new ByteArrayContent(zip) { Headers = { ContentType = new("application/zip") } });
}
