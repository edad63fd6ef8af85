using System.Text.Json.Nodes;
using Virga.Cli.Output;

namespace Virga.Cli.Apply;

/// <summary>A member of a spec that changes.</summary>
/// <param name="Name">The member.</param>
/// <param name="From">What it is, as text; null when it is absent.</param>
/// <param name="To">What it becomes.</param>
internal sealed record FieldChange(string Name, string? From, string? To)
{
    /// <summary>The members in which two specs differ.</summary>
    public static IReadOnlyList<FieldChange> Between(JsonObject current, JsonObject wanted) =>
        [.. wanted.Select(member => member.Key).Union(current.Select(member => member.Key), StringComparer.Ordinal)
            .Where(name => !JsonNode.DeepEquals(current[name], wanted[name]))
            .Select(name => new FieldChange(name, JsonPath.Text(current[name]), JsonPath.Text(wanted[name])))];

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Show(From)} → {Show(To)}";

    private static string Show(string? value) => value switch
    {
        null or "" => "(none)",
        _ when value.StartsWith("sha256:", StringComparison.Ordinal) && value.Length > 19 => value[..19],
        _ => value,
    };
}
