using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.State.Binary;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Api;

/// <summary>The JSON forms of keys and their records.</summary>
internal static class StateDocument
{
    /// <summary>Values over this size are left out of the change feed, in bytes; their keys say what to read.</summary>
    public const int MaxFeedValue = 64 * 1024;

    /// <summary>Answers with one JSON object, whose members are written by <paramref name="members"/>.</summary>
    public static async Task SendAsync(HttpContext http, Action<Utf8JsonWriter> members)
    {
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        await json.FlushAsync(http.RequestAborted);
    }

    /// <summary>A key in a listing: what it is, not what it holds.</summary>
    public static void WriteListed(Utf8JsonWriter json, StateDelta item)
    {
        json.WriteStartObject();
        WriteHead(json, item);
        if (item.Record.Expiry is { At: not Expiry.Never } expiry)
        {
            json.WriteString("expires"u8, DateTimeOffset.FromUnixTimeMilliseconds(expiry.At));
        }

        json.WriteEndObject();
    }

    /// <summary>A change: the key with its value, or that it is gone.</summary>
    public static void WriteChange(Utf8JsonWriter json, StateDelta item, long unixMilliseconds)
    {
        json.WriteStartObject();
        if (!item.Record.IsLive(unixMilliseconds))
        {
            json.WriteString("key"u8, item.Key.Text);
            json.WriteBoolean("deleted"u8, true);
        }
        else
        {
            WriteHead(json, item);
            if (item.Record.Value is LwwRegister register)
            {
                json.WriteString("content"u8, register.Payload.Tag switch { PayloadTag.Json => "json"u8, PayloadTag.Text => "text"u8, _ => "bytes"u8 });
            }

            if (item.Record.Value!.EncodedBytes <= MaxFeedValue)
            {
                json.WritePropertyName("value"u8);
                StateJson.Write(json, item.Record.Value!);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>A key with all that is known of it, for <see cref="TransferEndpoints"/>.</summary>
    public static void WriteExported(Utf8JsonWriter json, StateDelta item)
    {
        json.WriteStartObject();
        WriteHead(json, item);
        json.WriteBase64String("record"u8, RecordEncoding.ToBytes(item.Record));
        json.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter json, StateDelta item)
    {
        json.WriteString("key"u8, item.Key.Text);
        json.WriteString("kind"u8, item.Record.Value!.Kind.ToName());
        json.WriteString("version"u8, item.Record.Version.ToString());
        json.WriteNumber("size"u8, item.Record.Value.EncodedBytes);
    }
}
