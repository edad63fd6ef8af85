namespace Virga.Cli.Client;

/// <summary>Makes the query of a URL.</summary>
internal static class QueryText
{
    /// <summary>The members that have a value, with the question mark before them; empty when none has.</summary>
    public static string Of(params (string Name, string? Value)[] members)
    {
        var given = members.Where(member => member.Value is not null).Select(member => $"{member.Name}={Uri.EscapeDataString(member.Value!)}").ToList();
        return given.Count == 0 ? "" : "?" + string.Join('&', given);
    }
}
