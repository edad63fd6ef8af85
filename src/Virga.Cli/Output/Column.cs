using System.Text.Json.Nodes;

namespace Virga.Cli.Output;

/// <summary>One column of a table.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Value">What stands in it for a resource.</param>
internal sealed record Column(string Title, Func<JsonObject, string?> Value)
{
    /// <summary>A column of the value at a path of members, such as <c>spec.memory</c>.</summary>
    public static Column At(string title, string path) => new(title, item => JsonPath.Text(item, path));
}
