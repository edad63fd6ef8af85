using System.Text.Json;

namespace Virga.Functions;

/// <summary>The platform refused, or could not do, what the function asked of it.</summary>
public class PlatformException : Exception
{
    private const string TypePrefix = "urn:virga:problem:";

    /// <summary>Something that the platform did not do.</summary>
    public PlatformException()
        : this("The platform did not do what was asked of it.")
    {
    }

    /// <summary>Something that the platform did not do.</summary>
    /// <param name="message">What, and why.</param>
    public PlatformException(string message)
        : base(message)
    {
    }

    /// <summary>Something that the platform did not do.</summary>
    /// <param name="message">What, and why.</param>
    /// <param name="innerException">What found it out.</param>
    public PlatformException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal PlatformException(string type, int status, string title, string detail, string fix)
        : base(fix.Length == 0 ? detail : $"{detail} {fix}")
    {
        Type = type;
        Status = status;
        Title = title;
        Detail = detail;
        Fix = fix;
    }

    /// <summary>The stable name of the problem, such as <c>state-unavailable</c>.</summary>
    public string Type { get; } = "internal";

    /// <summary>The HTTP status that fits.</summary>
    public int Status { get; } = 500;

    /// <summary>The problem in a few words.</summary>
    public string Title { get; } = string.Empty;

    /// <summary>What was wrong, and where.</summary>
    public string Detail { get; } = string.Empty;

    /// <summary>How to mend it; empty when nobody knows.</summary>
    public string Fix { get; } = string.Empty;

    internal static string TypeOf(string? type) =>
        type is null ? string.Empty : type.StartsWith(TypePrefix, StringComparison.Ordinal) ? type[TypePrefix.Length..] : type;

    internal static PlatformException FromProblem(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        JsonElement problem = JsonElement.ParseValue(ref reader);
        string title = TextOf(problem, "title");
        string detail = TextOf(problem, "detail");
        int status = problem.TryGetProperty("status", out JsonElement number) && number.TryGetInt32(out int value) ? value : 500;
        return new PlatformException(TypeOf(TextOf(problem, "type")), status, title, detail.Length == 0 ? title : detail, TextOf(problem, "fix"));
    }

    internal static string TextOf(JsonElement document, string name) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()!
            : string.Empty;
}
