using System.Text.Json;
using System.Text.RegularExpressions;
using Virga.Core.Problems;

namespace Virga.Control.Api;

/// <summary>Says in the user's terms why JSON could not be read; the framework says it in those of .NET types.</summary>
internal static partial class JsonProblems
{
    public static Problem Describe(JsonException exception)
    {
        var path = exception.Path is { Length: > 2 } text && text.StartsWith("$.", StringComparison.Ordinal) ? text[2..] : null;
        if (Unmapped().Match(exception.Message) is { Success: true } unmapped)
        {
            var member = unmapped.Groups["member"].Value;
            return KnownProblems.InvalidRequest($"There is no member '{member}'{Within(path, member)}.", "Check its spelling; /api/v1/openapi/v1.json lists the members.");
        }

        if (Missing().Match(exception.Message) is { Success: true } missing)
        {
            return KnownProblems.InvalidRequest($"The required member {missing.Groups["members"].Value} is missing{(path is null ? "" : $" in '{path}'")}.");
        }

        if (Duplicate().Match(exception.Message) is { Success: true } duplicate)
        {
            return KnownProblems.InvalidRequest($"The member '{duplicate.Groups["member"].Value}' stands twice.");
        }

        var place = exception.LineNumber is { } line ? $" (line {line + 1}, byte {exception.BytePositionInLine + 1})" : "";
        if (ForeignType().IsMatch(exception.Message))
        {
            return KnownProblems.InvalidRequest(path is null ? $"The body is not a JSON object of the expected form{place}." : $"The value of '{path}' has the wrong type{place}.");
        }

        var message = Position().Replace(exception.Message, "");
        return KnownProblems.InvalidRequest(path is null ? $"The body is not valid JSON{place}: {message}" : $"{path}{place}: {message}");
    }

    private static string Within(string? path, string member)
    {
        var parent = path is null ? "" : path.EndsWith(member, StringComparison.Ordinal) ? path[..^member.Length].TrimEnd('.') : path;
        return parent.Length == 0 ? "" : $" in '{parent}'";
    }

    [GeneratedRegex("^The JSON property '(?<member>.*)' could not be mapped to any \\.NET member", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unmapped();

    [GeneratedRegex("missing required properties(,)? including:? (?<members>.*?)\\.?( Path:.*)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Missing();

    [GeneratedRegex("^Duplicate property '(?<member>.*?)'", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Duplicate();

    [GeneratedRegex("could not be converted to|doesn't allow getting null|doesn't allow setting null", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ForeignType();

    [GeneratedRegex(" ?(Path: .*\\| )?LineNumber: \\d+ \\| BytePositionInLine: \\d+\\.", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Position();
}
