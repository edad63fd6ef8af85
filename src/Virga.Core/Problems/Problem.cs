namespace Virga.Core.Problems;

/// <summary>
/// What went wrong, in the terms of RFC 9457. <see cref="Type"/> is stable; <see cref="Detail"/> says what and where, and
/// <see cref="Fix"/> how to mend it. The list of all types is in <c>docs/problems.md</c>.
/// </summary>
public sealed record Problem
{
    /// <summary>What every type begins with.</summary>
    public const string TypePrefix = "urn:virga:problem:";

    /// <summary>The stable identifier, <see cref="TypePrefix"/> and a slug.</summary>
    public required string Type { get; init; }

    /// <summary>The kind of problem in a few words; the same for every problem of the type.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status code.</summary>
    public required int Status { get; init; }

    /// <summary>Whose failure it was.</summary>
    public required Fault Fault { get; init; }

    /// <summary>What was wrong this time, and where.</summary>
    public string? Detail { get; init; }

    /// <summary>How to mend it.</summary>
    public string? Fix { get; init; }

    /// <summary>After how long the same request may succeed; null when that is not known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Further members, such as <c>diagnostics</c> of a failed build; values are strings, numbers, or lists and maps of such.</summary>
    public IReadOnlyDictionary<string, object?>? Extensions { get; init; }

    /// <summary>The part of <see cref="Type"/> that names the problem.</summary>
    public string Slug => Type[TypePrefix.Length..];
}
