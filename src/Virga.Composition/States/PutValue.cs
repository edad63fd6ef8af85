using System.Text.Json;
using System.Text.Unicode;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Lattices;

namespace Virga.Composition.States;

/// <summary>
/// The value of a put. A worker runs its user's code and can say anything: what is stored as JSON or as text is that, for whoever reads it in another language or over HTTP.
/// </summary>
internal static class PutValue
{
    /// <summary>Takes a copy of a value.</summary>
    /// <param name="key">Whose it is.</param>
    /// <param name="value">Its tag and content.</param>
    /// <exception cref="ProblemException">The content is not what the tag says.</exception>
    public static Payload Read(string key, ReadOnlyMemory<byte> value)
    {
        var payload = new Payload(value.ToArray());
        var content = payload.Content.Span;
        switch (payload.Tag)
        {
            case PayloadTag.Json:
                RequireJson(key, content);
                break;
            case PayloadTag.Text when !Utf8.IsValid(content):
                throw Refused(key, "is to be text, and is no UTF-8.", null);
        }

        return payload;
    }

    private static void RequireJson(string key, ReadOnlySpan<byte> content)
    {
        try
        {
            var reader = new Utf8JsonReader(content);
            while (reader.Read())
            {
            }
        }
        catch (JsonException malformed)
        {
            throw Refused(key, $"is to be JSON, at most 64 deep, and is not from byte {malformed.BytePositionInLine} of line {malformed.LineNumber + 1} on.", malformed);
        }

        // The reader looks into texts only when they are asked for.
        if (!Utf8.IsValid(content))
        {
            throw Refused(key, "is to be JSON, and is no UTF-8.", null);
        }
    }

    private static ProblemException Refused(string key, string what, Exception? inner) =>
        new(KnownProblems.InvalidRequest($"The value of '{ResourceName.Shorten(key)}' {what}", "Put it as bytes, or mend what writes it."), inner!);
}
