using System.Collections;
using System.Text;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Core.Problems;

namespace Virga.Cli.Failures;

/// <summary>How a failure ends a command: its lines for standard error and its exit code.</summary>
/// <param name="Lines">One line <c>error: detail fix (slug)</c>, after the diagnostics of a failed build.</param>
/// <param name="Code">One of <see cref="Cli.ExitCode"/>.</param>
internal sealed record FailureReport(IReadOnlyList<string> Lines, int Code)
{
    private const string ConnectionBroken = "connection-broken";

    /// <summary>Describes an exception that ends a command; null for one that no command expects.</summary>
    public static FailureReport? Of(Exception exception) => exception switch
    {
        UsageException usage => new([Line(usage.Message, usage.Fix, "usage")], ExitCode.Usage),
        NodeUnreachableException unreachable => new([Line(unreachable.Message, unreachable.Fix, "node-unreachable")], ExitCode.Unreachable),
        ControlException refused => Of(refused.Problem),
        ProblemException problem => Of(problem.Problem),
        ConnectionBrokenException broken => new(
            [Line(broken.Message, null, ConnectionBroken)], broken.Answering == Answering.Function ? ExitCode.FunctionFailed : ExitCode.PlatformFailed),
        HttpRequestException broken => new([Line(new ConnectionBrokenException(Answering.Node, broken).Message, null, ConnectionBroken)], ExitCode.PlatformFailed),
        OperationCanceledException => new([], ExitCode.Interrupted),
        UnauthorizedAccessException or IOException => new([Line(exception.Message, null, "file")], ExitCode.Usage),
        _ => null,
    };

    /// <summary>Describes a problem that a node answered with.</summary>
    public static FailureReport Of(Problem problem)
    {
        var lines = new List<string>();
        if (problem.Extensions is { } extensions && extensions.TryGetValue("diagnostics", out var diagnostics))
        {
            lines.AddRange(Diagnostics(diagnostics));
        }

        // The detail repeats the first of the diagnostics, for those who see nothing else.
        var detail = lines.Count switch
        {
            0 => problem.Detail ?? problem.Title,
            1 => "1 error in the source.",
            var count => $"{count} errors in the source.",
        };
        lines.Add(Line(detail, problem.Fix, problem.Slug));
        return new(lines, problem.Fault switch
        {
            Fault.Client => ExitCode.Refused,
            Fault.Function or Fault.Limit => problem.Status is 413 ? ExitCode.Refused : ExitCode.FunctionFailed,
            _ => ExitCode.PlatformFailed,
        });
    }

    private static string Line(string detail, string? fix, string slug)
    {
        var line = new StringBuilder("error: ").Append(OneLine(detail));
        if (!string.IsNullOrEmpty(fix))
        {
            if (line[^1] is not ('.' or '!' or '?'))
            {
                line.Append('.');
            }

            line.Append(' ').Append(OneLine(fix));
        }

        return line.Append(" (").Append(slug).Append(')').ToString();
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    private static IEnumerable<string> Diagnostics(object? diagnostics)
    {
        if (diagnostics is not IEnumerable list)
        {
            yield break;
        }

        foreach (var item in list)
        {
            yield return item is JsonObject diagnostic ? Diagnostic(diagnostic) : item?.ToString() ?? "";
        }
    }

    // The form that editors and terminals turn into a link: Hello.cs:3:7: error CS1002: ; expected
    private static string Diagnostic(JsonObject diagnostic)
    {
        string? Member(string name) => diagnostic[name]?.ToString() is { Length: > 0 } value ? value : null;

        var place = string.Join(':', new[] { Member("file"), Member("line"), Member("column") }.OfType<string>());
        var kind = string.Join(' ', new[] { Member("severity") ?? "error", Member("code") ?? Member("id") }.OfType<string>());
        var message = OneLine(Member("message") ?? Member("text") ?? diagnostic.ToJsonString());
        return place.Length == 0 ? $"{kind}: {message}" : $"{place}: {kind}: {message}";
    }
}
