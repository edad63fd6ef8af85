namespace Virga.Configuration;

/// <summary>One thing that can be configured, and the three places where it can be.</summary>
/// <param name="Option">The command-line option.</param>
/// <param name="Key">The path of keys in the configuration file, with dots between.</param>
/// <param name="Placeholder">What help shows for the value.</param>
/// <param name="Description">What it does, with its default in brackets.</param>
/// <param name="Expected">What a value must be, to end the sentence "it takes …".</param>
/// <param name="Set">Puts a value into the options; null when it cannot be read. A relative path starts from the folder given.</param>
/// <param name="HasSecret">Whether the value is not to be shown.</param>
internal sealed record NodeSetting(string Option, string Key, string Placeholder, string Description, string Expected, Func<NodeOptions, string, string, NodeOptions?> Set, bool HasSecret = false)
{
    /// <summary>The environment variable: <c>--max-body</c> is <c>VIRGA_MAX_BODY</c>.</summary>
    public string Variable { get; } = "VIRGA_" + Option[2..].Replace('-', '_').ToUpperInvariant();
}
