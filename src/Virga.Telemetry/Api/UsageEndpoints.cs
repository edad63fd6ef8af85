using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Telemetry.Logs;
using Virga.Telemetry.Usage;

namespace Virga.Telemetry.Api;

/// <summary>Invocations and statistics of functions.</summary>
internal sealed class UsageEndpoints(KnownFunctions functions, UsageStore usage, FunctionLogStore logs, TimeProvider time)
{
    public async Task ListAsync(HttpContext http)
    {
        var records = await usage.RecentAsync(await functions.RequireAsync(http), Parameters.UsageQuery(http, time), http.RequestAborted);
        await AnswerAsync(http, json =>
        {
            json.WriteStartObject();
            WriteArray(json, "items", records);
            json.WriteEndObject();
        });
    }

    public async Task GetAsync(HttpContext http)
    {
        var id = Parameters.Id(http.GetRouteValue("id") as string);
        if (await usage.FindAsync(id, http.RequestAborted) is not { } found)
        {
            throw NotFound(id);
        }

        using var record = JsonDocument.Parse(found);
        var function = FunctionOf(record.RootElement);
        if (http.GetRouteValue("tenant") is not null && (function.Tenant != Parameters.Name(http, "tenant") || function.Namespace != Parameters.Name(http, "namespace")))
        {
            throw NotFound(id);
        }

        var lines = await logs.QueryAsync(function, new LogQuery { Invocation = id, Limit = 1000 }, http.RequestAborted);
        await AnswerAsync(http, json =>
        {
            json.WriteStartObject();
            foreach (var member in record.RootElement.EnumerateObject())
            {
                member.WriteTo(json);
            }

            WriteArray(json, "logs", lines);
            json.WriteEndObject();
        });
    }

    public async Task StatsAsync(HttpContext http)
    {
        var stats = await usage.StatsAsync(await functions.RequireAsync(http), http.RequestAborted);
        await AnswerAsync(http, json => JsonSerializer.Serialize(json, stats, TelemetryJson.Default.FunctionStats));
    }

    private static ProblemException NotFound(InvocationId id) => new(KnownProblems.NotFound(
        $"There is no record of the invocation {id}.",
        "It may still be running, or be too old to be kept; `virga fn logs NAME --invocation ID` finds what it has logged."));

    private static FunctionName FunctionOf(JsonElement record) =>
        record.GetProperty("function").GetString()!.Split('/') is [var tenant, var space, var name]
            ? new FunctionName(ResourceName.Parse(tenant), ResourceName.Parse(space), ResourceName.Parse(name))
            : throw new FormatException("The usage record's function is no tenant/namespace/name.");

    private static void WriteArray(Utf8JsonWriter json, string name, IReadOnlyList<ReadOnlyMemory<byte>> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteRawValue(item.Span, skipInputValidation: true);
        }

        json.WriteEndArray();
    }

    private static async Task AnswerAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        write(json);
        await json.FlushAsync(http.RequestAborted);
    }
}
