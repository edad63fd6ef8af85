namespace Virga.Control.Environments;

/// <summary>What Virga says of an environment.</summary>
/// <param name="BuiltIn">Whether it comes with Virga; then it cannot be changed.</param>
public sealed record EnvironmentStatus(bool BuiltIn);
