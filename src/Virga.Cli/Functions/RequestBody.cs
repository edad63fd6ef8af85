using System.Net.Http.Headers;
using Virga.Cli.Failures;
using Virga.Cli.State;

namespace Virga.Cli.Functions;

/// <summary>Reads what <c>--data</c> and <c>--content-type</c> say.</summary>
internal static class RequestBody
{
    /// <summary>The bytes: of the text itself, of a file after <c>@</c>, or of standard input for <c>-</c>; null when nothing was given.</summary>
    /// <exception cref="UsageException">There is no such file.</exception>
    public static async Task<byte[]?> ReadAsync(CommandScope scope, string? data) => data is null ? null : await ValueText.ReadAsync(scope, data, ", which --data names");

    /// <summary>A media type.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static MediaTypeHeaderValue ContentType(string text) =>
        MediaTypeHeaderValue.TryParse(text, out var type) ? type : throw new UsageException($"'{text}' in --content-type is no media type.", "Write it as application/json.");
}
