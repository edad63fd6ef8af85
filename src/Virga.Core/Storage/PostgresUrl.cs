using System.Text;
using Virga.Core.Problems;

namespace Virga.Core.Storage;

/// <summary>
/// Where a PostgreSQL is, as a URL: <c>postgres://user:password@host:port/database?sslmode=require</c>, as libpq reads it. Gives the form that Npgsql reads.
/// </summary>
public static class PostgresUrl
{
    // libpq's names of parameters, with Npgsql's.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sslmode"] = "SSL Mode",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslrootcert"] = "Root Certificate",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["options"] = "Options",
        ["target_session_attrs"] = "Target Session Attributes",
    };

    /// <summary>The connection string of a URL; a text that is none is taken for a connection string already.</summary>
    /// <exception cref="ProblemException"><c>invalid-request</c>: the URL cannot be read.</exception>
    public static string ToConnectionString(string text)
    {
        if (!text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            return text.Contains('=', StringComparison.Ordinal) ? text : throw Invalid("It has neither the form of a URL nor that of a connection string.");
        }

        // The text itself is in no message: it holds a password.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            throw Invalid("It cannot be read, or names no host.");
        }

        var result = new StringBuilder();
        Add(result, "Host", url.Host.Trim('[', ']'));
        if (url.Port > 0)
        {
            Add(result, "Port", $"{url.Port}");
        }

        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            Add(result, "Username", Uri.UnescapeDataString(user[0]));
        }

        if (user.Length > 1)
        {
            Add(result, "Password", Uri.UnescapeDataString(user[1]));
        }

        var database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        if (database.Length > 0)
        {
            Add(result, "Database", database);
        }

        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var name = Uri.UnescapeDataString(parts[0]);
            Add(result, Parameters.GetValueOrDefault(name) ?? throw Invalid($"The parameter '{name}' is not known; there are: {string.Join(", ", Parameters.Keys)}."), parts.Length > 1 ? Value(name, Uri.UnescapeDataString(parts[1])) : "");
        }

        return result.ToString();
    }

    // Npgsql writes verify-ca as VerifyCA.
    private static string Value(string name, string value) =>
        name.Equals("sslmode", StringComparison.OrdinalIgnoreCase) || name.Equals("target_session_attrs", StringComparison.OrdinalIgnoreCase) ? value.Replace("-", "", StringComparison.Ordinal) : value;

    private static void Add(StringBuilder result, string name, string value)
    {
        var quoted = value.AsSpan().ContainsAny(";'\" =") || value.Length == 0 ? $"'{value.Replace("'", "''", StringComparison.Ordinal)}'" : value;
        result.Append(result.Length > 0 ? ";" : "").Append(name).Append('=').Append(quoted);
    }

    private static ProblemException Invalid(string what) =>
        new(KnownProblems.InvalidRequest($"The address of PostgreSQL is not valid. {what}", "Write it like postgres://user:password@host:5432/database."));
}
