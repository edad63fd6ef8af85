using System.Buffers;

namespace Virga.Control.Packages;

/// <summary>The text form of a package's identity.</summary>
internal static class PackageDigest
{
    public const string Prefix = "sha256:";

    private const int HexLength = 64;

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    public static bool IsValid(string? digest) =>
        digest is not null && digest.Length == Prefix.Length + HexLength && digest.StartsWith(Prefix, StringComparison.Ordinal) && !digest.AsSpan(Prefix.Length).ContainsAnyExcept(Hex);

    /// <summary>The hexadecimal part of a valid digest.</summary>
    public static string HexOf(string digest) => digest[Prefix.Length..];
}
