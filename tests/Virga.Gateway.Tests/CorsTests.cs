using System.Net;
using Virga.Core.Resources;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class CorsTests
{
    private static readonly CorsSpec Spec = new() { Origins = ["https://a.example"], Headers = ["X-Token"], ExposedHeaders = ["X-Total"], Credentials = true };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_preflight_is_answered_without_a_call()
    {
        await using var gateway = await StartAsync(Spec, called: false);

        var response = await SendAsync(gateway, HttpMethod.Options, "https://a.example", "POST");

        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        Header(response, "Access-Control-Allow-Origin").ShouldBe("https://a.example");
        Header(response, "Access-Control-Allow-Methods").ShouldBe("POST");
        Header(response, "Access-Control-Allow-Headers").ShouldBe("X-Token");
        Header(response, "Access-Control-Allow-Credentials").ShouldBe("true");
        Header(response, "Access-Control-Max-Age").ShouldBe("600");
        Header(response, "Vary").ShouldBe("Origin");
    }

    [Fact]
    public async Task A_page_of_another_origin_gets_no_permission()
    {
        await using var gateway = await StartAsync(Spec, called: false);

        var response = await SendAsync(gateway, HttpMethod.Options, "https://evil.example", "POST");

        Header(response, "Access-Control-Allow-Origin").ShouldBe("");
        Header(response, "Vary").ShouldBe("Origin");
    }

    [Fact]
    public async Task An_answer_carries_the_routes_rules_in_place_of_the_functions()
    {
        await using var gateway = await StartAsync(Spec, called: true);

        var response = await SendAsync(gateway, HttpMethod.Post, "https://a.example");

        Header(response, "Access-Control-Allow-Origin").ShouldBe("https://a.example");
        Header(response, "Access-Control-Expose-Headers").ShouldBe("X-Total");
        Header(response, "Vary").ShouldBe("Origin");
    }

    [Fact]
    public async Task Any_origin_never_goes_with_credentials()
    {
        await using var gateway = await StartAsync(Spec with { Origins = ["*"] }, called: true);

        var response = await SendAsync(gateway, HttpMethod.Post, "https://b.example");

        Header(response, "Access-Control-Allow-Origin").ShouldBe("*");
        Header(response, "Access-Control-Allow-Credentials").ShouldBe("");
    }

    [Fact]
    public async Task Without_rules_the_function_answers_preflights_itself()
    {
        await using var gateway = (await RunningGateway.StartAsync())
            .With("hello", invocation => ScriptedResult.Answer(200, invocation.Method, ("access-control-allow-origin", "https://own.example")))
            .Route("", "/hello", "hello");

        var response = await SendAsync(gateway, HttpMethod.Options, "https://own.example", "POST");

        Header(response, "Access-Control-Allow-Origin").ShouldBe("https://own.example");
    }

    private static async Task<RunningGateway> StartAsync(CorsSpec cors, bool called) => (await RunningGateway.StartAsync())
        .With("hello", _ => called ? ScriptedResult.Answer(200, "1", ("access-control-allow-origin", "https://function.example")) : throw new InvalidOperationException("A preflight called the function."))
        .Route("POST", "/hello", "hello", cors: cors);

    private static async Task<HttpResponseMessage> SendAsync(RunningGateway gateway, HttpMethod method, string origin, string? requestedMethod = null)
    {
        using var request = new HttpRequestMessage(method, "/hello");
        request.Headers.Add("Origin", origin);
        if (requestedMethod is not null)
        {
            request.Headers.Add("Access-Control-Request-Method", requestedMethod);
        }

        return await gateway.Client.SendAsync(request, Cancellation);
    }

    private static string Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";
}
