using System.Text.Json.Nodes;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>An HTTP answer, read to its end.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Body">Its body as text.</param>
/// <param name="Headers">All its headers; several values of one are joined by commas.</param>
public sealed record Answer(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Which invocation it answers.</summary>
    public string Invocation => Headers["Virga-Invocation-Id"];

    /// <summary>The body as JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>A header's value; null when there is none.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Checks that this is a problem of the given status and type, with a title and a fault; gives its detail.</summary>
    public string ShouldBeProblem(int status, string slug)
    {
        Status.ShouldBe(status, Body);
        Headers["Content-Type"].ShouldStartWith("application/problem+json");
        var problem = Json;
        problem["type"]!.ToString().ShouldEndWith(slug, customMessage: Body);
        problem["status"]!.GetValue<int>().ShouldBe(status);
        problem["title"]!.ToString().ShouldNotBeEmpty();
        problem["fault"]!.ToString().ShouldNotBeEmpty();
        return problem["detail"]!.ToString();
    }

    /// <summary>Reads a response to its end.</summary>
    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), headers);
    }
}
