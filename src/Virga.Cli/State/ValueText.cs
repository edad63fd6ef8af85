using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Virga.Cli.Failures;

namespace Virga.Cli.State;

/// <summary>Reads what a user gives as <c>TEXT</c>, <c>@FILE</c> or <c>-</c> for standard input.</summary>
internal static class ValueText
{
    /// <summary>Its bytes.</summary>
    /// <param name="scope">The command.</param>
    /// <param name="text">What the user gave.</param>
    /// <param name="where">Where a file's name stands, to follow it in an error.</param>
    /// <exception cref="UsageException">There is no such file.</exception>
    public static async Task<byte[]> ReadAsync(CommandScope scope, string text, string where = "")
    {
        switch (text)
        {
            case "-":
                using (var buffer = new MemoryStream())
                {
                    await using var input = scope.Terminal.OpenInput();
                    await input.CopyToAsync(buffer, scope.Cancellation);
                    return buffer.ToArray();
                }

            case ['@', .. var file]:
                var path = scope.Terminal.Resolve(file);
                return File.Exists(path)
                    ? await File.ReadAllBytesAsync(path, scope.Cancellation)
                    : throw new UsageException($"There is no file '{file}'{where}.", "Give a text, @FILE, or - for standard input.");
            default:
                return Encoding.UTF8.GetBytes(text);
        }
    }

    /// <summary>The media type of a value: of the kind that the user names, else JSON where it is that, text where it is UTF-8, and bytes for the rest.</summary>
    public static string MediaType(byte[] value, string? kind) => kind switch
    {
        "json" => "application/json",
        "text" => "text/plain",
        "bytes" => "application/octet-stream",
        _ => IsJson(value) ? "application/json" : Utf8.IsValid(value) ? "text/plain" : "application/octet-stream",
    };

    private static bool IsJson(byte[] value)
    {
        var reader = new Utf8JsonReader(value);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
