using System.Globalization;

namespace Virga.Control.Builds;

/// <summary>Tells builders apart by the file that they are: another file builds anew.</summary>
internal static class BuilderVersion
{
    public static string Of(string kind, string? path)
    {
        var file = path is null ? null : new FileInfo(path);
        return file is { Exists: true } ? string.Create(CultureInfo.InvariantCulture, $"{kind}-{file.Length:x}-{file.LastWriteTimeUtc.Ticks:x}") : kind;
    }
}
