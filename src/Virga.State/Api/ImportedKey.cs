using System.Buffers;
using System.Text.Json;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Api;

/// <summary>One line of an import.</summary>
/// <param name="Key">The key.</param>
/// <param name="Record">What to merge into it.</param>
internal readonly record struct ImportedKey(StateKey Key, StateRecord Record)
{
    /// <summary>Reads a line; null for an empty one.</summary>
    /// <exception cref="ProblemException">It is no line of an export; says which and why.</exception>
    public static ImportedKey? Parse(ReadOnlySequence<byte> line, Scope scope, long number)
    {
        if (line.Length == 0 || (line.Length == 1 && line.FirstSpan[0] == (byte)'\r'))
        {
            return null;
        }

        try
        {
            var (key, record) = Read(line);
            var imported = new ImportedKey(
                StateKey.IsValid(key) ? new StateKey(scope, key!) : throw Bad(number, $"has no valid 'key': {StateKey.Rule}."),
                record is null ? throw Bad(number, "has no 'record'.") : RecordEncoding.Read(record));
            return imported.Key.IsReserved ? throw Bad(number, $"is about '{ResourceName.Shorten(key)}', which belongs to the platform.")
                : imported.Record.Value is null ? throw Bad(number, "has a record without a value.")
                : imported;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw Bad(number, "is no JSON object with 'key' and 'record'.", e);
        }
        catch (StateEncodingException e)
        {
            throw Bad(number, $"has a record that cannot be read: {e.Message}", e);
        }
    }

    private static (string? Key, byte[]? Record) Read(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        string? key = null;
        byte[]? record = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("No object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("key"u8))
            {
                reader.Read();
                key = reader.GetString();
            }
            else if (reader.ValueTextEquals("record"u8))
            {
                reader.Read();
                record = reader.GetBytesFromBase64();
            }
            else
            {
                reader.Skip();
            }
        }

        return reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? (key, record) : throw new JsonException("Not one object.");
    }

    private static ProblemException Bad(long number, string what, Exception? inner = null) =>
        new(KnownProblems.InvalidRequest($"Line {number} of the import {what}", "Send lines as GET state-export gives them; what is imported already may be sent again."), inner!);
}
