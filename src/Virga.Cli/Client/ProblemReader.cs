using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Core.Problems;

namespace Virga.Cli.Client;

/// <summary>Reads a problem document (RFC 9457) as Virga writes it.</summary>
internal static class ProblemReader
{
    /// <summary>Reads a problem; null when the text is none of ours.</summary>
    public static Problem? Read(string text, int status)
    {
        JsonObject? document;
        try
        {
            document = JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }

        if (document?["type"]?.ToString() is not { } type || !type.StartsWith(Problem.TypePrefix, StringComparison.Ordinal))
        {
            return null;
        }

        return new Problem
        {
            Type = type,
            Title = document["title"]?.ToString() ?? "The node refused the request",
            Status = status,
            Fault = document["fault"]?.ToString() switch
            {
                "client" => Fault.Client,
                "function" => Fault.Function,
                "limit" => Fault.Limit,
                "platform" => Fault.Platform,
                _ => status < 500 ? Fault.Client : Fault.Platform,
            },
            Detail = document["detail"]?.ToString(),
            Fix = document["fix"]?.ToString(),
            Extensions = document["diagnostics"] is { } diagnostics
                ? new Dictionary<string, object?>(StringComparer.Ordinal) { ["diagnostics"] = diagnostics }
                : null,
        };
    }
}
