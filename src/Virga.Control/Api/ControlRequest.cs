using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Api;

/// <summary>Reads what every endpoint of the API reads: scope, names, paging, preconditions, JSON bodies.</summary>
internal static class ControlRequest
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;
    private const long MaxBodyBytes = 1 << 20;

    /// <summary>Tenant and namespace of the path; <c>default</c> in its short form.</summary>
    public static Scope ReadScope(this HttpContext context) => context.Request.RouteValues.TryGetValue("tenant", out var tenant)
        ? new Scope(Names.Require(tenant as string, "tenant"), Names.Require(context.Request.RouteValues["namespace"] as string, "namespace"))
        : Scope.Default;

    public static ResourceName ReadName(this HttpContext context) => Names.Require(context.Request.RouteValues["name"] as string, "name");

    public static FunctionName ReadFunctionName(this HttpContext context)
    {
        var scope = context.ReadScope();
        return new FunctionName(scope.Tenant, scope.Namespace, context.ReadName());
    }

    /// <summary>How many items to list, and after which name.</summary>
    public static (int Limit, string? After) ReadPaging(this HttpContext context)
    {
        var after = context.Request.Query["continue"].ToString();
        return (context.ReadNumber("limit", DefaultLimit, MaxLimit), after.Length == 0 ? null : after);
    }

    public static int ReadNumber(this HttpContext context, string parameter, int absent, int most)
    {
        var text = context.Request.Query[parameter].ToString();
        if (text.Length == 0)
        {
            return absent;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= most
            ? number
            : throw new ProblemException(KnownProblems.InvalidRequest($"{parameter} is '{ResourceName.Shorten(text)}'; it must be a number from 1 to {most}."));
    }

    public static bool ReadFlag(this HttpContext context, string parameter)
    {
        var text = context.Request.Query[parameter].ToString();
        return text switch
        {
            "" or "false" => false,
            "true" => true,
            _ => throw new ProblemException(KnownProblems.InvalidRequest($"{parameter} is '{ResourceName.Shorten(text)}'; it must be true or false.")),
        };
    }

    /// <summary>If-Match and If-None-Match, and the version in a body.</summary>
    public static Precondition ReadPrecondition(this HttpContext context, long? bodyVersion = null)
    {
        var headers = context.Request.Headers;
        var mustBeNew = headers.IfNoneMatch.ToString();
        if (mustBeNew.Length > 0 && mustBeNew != "*")
        {
            throw new ProblemException(KnownProblems.InvalidRequest("If-None-Match must be '*': the resource must not exist.", "Use If-Match with the version that you read."));
        }

        var match = headers.IfMatch.ToString();
        if (match.Length == 0)
        {
            return new Precondition(bodyVersion, mustBeNew.Length > 0);
        }

        if (!long.TryParse(match.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"If-Match is '{ResourceName.Shorten(match)}'; it must be the version in quotes, such as \"7\"."));
        }

        return bodyVersion is { } other && other != version
            ? throw new ProblemException(KnownProblems.InvalidRequest($"If-Match asks for version {version}, the body for version {other}."))
            : new Precondition(version, mustBeNew.Length > 0);
    }

    /// <summary>The body as JSON.</summary>
    /// <exception cref="ProblemException"><c>unsupported-media-type</c>, <c>invalid-request</c>, <c>body-too-large</c>.</exception>
    public static async Task<T> ReadJsonAsync<T>(this HttpContext context)
        where T : class
    {
        RequireJson(context.Request);
        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBodyBytes;
        }

        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, ControlJson.Options, context.RequestAborted)
                ?? throw new ProblemException(KnownProblems.InvalidRequest("The body is null.", "Send a JSON object."));
        }
        catch (JsonException exception)
        {
            throw new ProblemException(JsonProblems.Describe(exception), exception);
        }
    }

    private static void RequireJson(HttpRequest request)
    {
        var known = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));
        if (!known)
        {
            throw new ProblemException(KnownProblems.UnsupportedMediaType(
                request.ContentType is null ? "The request has no Content-Type." : $"The content type '{ResourceName.Shorten(request.ContentType)}' is not JSON.", "Send Content-Type: application/json."));
        }
    }
}
