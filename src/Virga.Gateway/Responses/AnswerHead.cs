using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Gateway.Cors;
using Virga.Gateway.Requests;

namespace Virga.Gateway.Responses;

/// <summary>Status and headers of a function's answer.</summary>
internal static class AnswerHead
{
    private static readonly StringValues Json = "application/json";

    // By StartKind; made once, so that no answer allocates one.
    private static readonly StringValues[] StartValues = [.. Enum.GetValues<StartKind>().Select(kind => (StringValues)new InvocationTiming(kind, default, default, default).StartText)];

    // tchar of RFC 9110, section 5.6.2.
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // CR and LF would end the header and begin the next: header injection. NUL and the other controls have no place in it either.
    private static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Where(c => c != '\t').Append(127).Select(c => (char)c)]);

    /// <summary>Writes the head. Gives the problem instead, with nothing written, when the function's head cannot be sent.</summary>
    public static Problem? Write(Exchange exchange, InvocationResult result)
    {
        var own = result.Headers;
        if (Check(result.Status, own) is { } problem)
        {
            return problem;
        }

        var response = exchange.Response;
        response.StatusCode = result.Status;
        var headers = response.Headers;
        if (own is null)
        {
            headers.ContentType = Json;
        }
        else
        {
            Copy(own, headers, exchange.Cors is not null);
        }

        WriteTrace(exchange, result.Timing, headers);
        return null;
    }

    /// <summary>Writes the headers that tell how the invocation went.</summary>
    public static void WriteTrace(Exchange exchange, in InvocationTiming timing, IHeaderDictionary headers)
    {
        headers["Virga-Invocation-Id"] = exchange.IdText;
        headers["Virga-Start"] = StartValues[(int)timing.Kind];
        headers.Append("Server-Timing", ServerTiming.Format(timing));
        exchange.Cors?.Apply(exchange.Request.Headers.Origin.ToString(), headers);
    }

    private static Problem? Check(int status, IReadOnlyList<KeyValuePair<string, string>>? headers)
    {
        if (status is < 200 or > 599)
        {
            return KnownProblems.InvalidAnswer("InvalidStatus", $"{status} is no status that a function can answer with");
        }

        for (var i = 0; i < headers?.Count; i++)
        {
            var (name, value) = headers[i];
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameCharacters))
            {
                return KnownProblems.InvalidAnswer("InvalidHeader", "a header's name has a character that no header name can have");
            }

            if (value.AsSpan().ContainsAny(Controls))
            {
                return KnownProblems.InvalidAnswer("InvalidHeader", $"the value of the header '{name}' has a control character");
            }
        }

        return null;
    }

    private static void Copy(IReadOnlyList<KeyValuePair<string, string>> own, IHeaderDictionary headers, bool corsIsOurs)
    {
        var connection = ConnectionOf(own);
        for (var i = 0; i < own.Count; i++)
        {
            var (name, value) = own[i];
            if (name.Equals("content-type", StringComparison.OrdinalIgnoreCase))
            {
                headers.ContentType = value;
            }
            else if (!IsOurs(name, corsIsOurs) && !HopByHop.Contains(name, connection))
            {
                headers[name] = headers.TryGetValue(name, out var before) ? StringValues.Concat(before, value) : value;
            }
        }
    }

    // The length follows from the body, and the Virga headers are not the function's to forge.
    private static bool IsOurs(string name, bool corsIsOurs) =>
        name.Equals("content-length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("virga-invocation-id", StringComparison.OrdinalIgnoreCase)
        || name.Equals("virga-start", StringComparison.OrdinalIgnoreCase)
        || (corsIsOurs && CorsPolicy.Owns(name));

    private static StringValues ConnectionOf(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (headers[i].Key.Equals("connection", StringComparison.OrdinalIgnoreCase))
            {
                return headers[i].Value;
            }
        }

        return StringValues.Empty;
    }
}
