namespace Virga.Cli.Failures;

/// <summary>What the user gave cannot be used: found before anything was asked of a node.</summary>
/// <param name="detail">What is wrong, and where, as a sentence.</param>
/// <param name="fix">How to mend it, as a sentence.</param>
public sealed class UsageException(string detail, string? fix = null) : Exception(detail)
{
    /// <summary>How to mend it.</summary>
    public string? Fix { get; } = fix;
}
