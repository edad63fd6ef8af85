using System.Globalization;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Apply;

/// <summary>Reads the values that entries of <c>virga.yaml</c> have in common.</summary>
internal static class ManifestValues
{
    public static ResourceName Name(this YamlMapping entry, string key)
    {
        var text = entry.RequiredText(key);
        return ResourceName.TryParse(text, out var name) ? name : throw entry.WrongAt(key, $"'{ResourceName.Shorten(text)}' is no valid name.", $"Use {ResourceName.Rule}.");
    }

    /// <summary>Refuses two keys that mean the same.</summary>
    public static void OnlyOne(this YamlMapping entry, string key, string synonym)
    {
        if (entry.Has(key) && entry.Has(synonym))
        {
            throw entry.WrongAt(synonym, $"'{key}' and '{synonym}' mean the same.", "Keep one of them.");
        }
    }

    public static Duration? Duration(this YamlMapping entry, string key) =>
        entry.Value<Duration>(key, "a duration such as 30s or 2m", text => Core.Resources.Duration.TryParse(text, out var value) ? value : null);

    public static ByteSize? Size(this YamlMapping entry, string key) =>
        entry.Value<ByteSize>(key, "a size such as 128MB", text => ByteSize.TryParse(text, out var value) ? value : null);

    public static int? Count(this YamlMapping entry, string key, int least) =>
        entry.Value<int>(key, $"a whole number from {least} on", text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least ? value : null);

    public static bool? Flag(this YamlMapping entry, string key) =>
        entry.Value<bool>(key, "true or false", text => bool.TryParse(text, out var value) ? value : null);
}
