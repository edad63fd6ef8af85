namespace Virga.Control.Metadata;

/// <summary>The text form of <see cref="ResourceKind"/>.</summary>
internal static class ResourceKinds
{
    private static readonly string[] Texts = ["function", "route", "environment", "package", "dag", "trigger", "stream"];

    public static string ToText(this ResourceKind kind) => Texts[(int)kind];

    public static bool TryParse(string? text, out ResourceKind kind)
    {
        var index = Array.IndexOf(Texts, text);
        kind = (ResourceKind)Math.Max(index, 0);
        return index >= 0;
    }

    public static ResourceKind Parse(string text) =>
        TryParse(text, out var kind) ? kind : throw new FormatException($"'{text}' is no kind of resource.");
}
