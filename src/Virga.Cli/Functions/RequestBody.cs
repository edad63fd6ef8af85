using System.Net.Http.Headers;
using System.Text;
using Virga.Cli.Failures;

namespace Virga.Cli.Functions;

/// <summary>Reads what <c>--data</c> and <c>--content-type</c> say.</summary>
internal static class RequestBody
{
    /// <summary>The bytes: of the text itself, of a file after <c>@</c>, or of standard input for <c>-</c>; null when nothing was given.</summary>
    /// <exception cref="UsageException">There is no such file.</exception>
    public static async Task<byte[]?> ReadAsync(CommandScope scope, string? data)
    {
        switch (data)
        {
            case null:
                return null;
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
                    : throw new UsageException($"There is no file '{file}', which --data names.", "Give a text, @FILE, or - for standard input.");
            default:
                return Encoding.UTF8.GetBytes(data);
        }
    }

    /// <summary>A media type.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static MediaTypeHeaderValue ContentType(string text) =>
        MediaTypeHeaderValue.TryParse(text, out var type) ? type : throw new UsageException($"'{text}' in --content-type is no media type.", "Write it as application/json.");
}
