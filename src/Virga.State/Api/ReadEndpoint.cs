using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Json;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Queries;
using Virga.State.Records;

namespace Virga.State.Api;

/// <summary><c>GET</c> and <c>POST /state/{key}</c>: what a key holds, whole or in part.</summary>
internal sealed class ReadEndpoint(Func<StateEngine> engine)
{
    public async Task GetAsync(HttpContext http)
    {
        var key = StateRequest.Key(http);
        var record = await FindAsync(http, key) ?? throw new ProblemException(KnownProblems.NotFound($"There is no key '{ResourceName.Shorten(key.Text)}'.", "See `virga state list`."));
        var value = record.Value!;
        var headers = http.Response.Headers;
        headers.ETag = $"\"{record.Version}\"";
        headers["Virga-State-Kind"] = value.Kind.ToName();
        headers.CacheControl = "no-store";
        if (record.Expiry is { At: not Expiry.Never } expiry)
        {
            headers["Virga-State-Expires"] = DateTimeOffset.FromUnixTimeMilliseconds(expiry.At).ToString("O", CultureInfo.InvariantCulture);
        }

        if (http.Request.Headers.IfNoneMatch.ToString().Trim('"') is { Length: > 0 } known && known == record.Version.ToString())
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (value is CausalRegister { Versions.Count: > 1 } siblings)
        {
            headers["Virga-State-Siblings"] = siblings.Versions.Count.ToString(CultureInfo.InvariantCulture);
        }

        if (Single(value) is { } payload)
        {
            await SendAsync(http, payload.Tag switch
            {
                PayloadTag.Json => "application/json",
                PayloadTag.Text => "text/plain; charset=utf-8",
                _ => "application/octet-stream",
            }, payload.Content);
        }
        else
        {
            await SendAsync(http, "application/json", JsonForm(value));
        }
    }

    public async Task QueryAsync(HttpContext http)
    {
        var key = StateRequest.Key(http);
        var query = StateQuery.Parse(await StateBody.ReadJsonAsync(http));
        await SendAsync(http, "application/json", query.AnswerOf(await FindAsync(http, key)).Content);
    }

    public ValueTask<StateRecord?> FindAsync(HttpContext http, StateKey key)
    {
        var state = engine();
        return state.TryRead(null, key, out var record) ? ValueTask.FromResult(record) : state.ReadAsync(null, key, http.RequestAborted);
    }

    public static async Task SendAsync(HttpContext http, string contentType, ReadOnlyMemory<byte> body)
    {
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
        }
    }

    private static ReadOnlyMemory<byte> JsonForm(Lattice value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            StateJson.Write(json, value);
        }

        return buffer.WrittenMemory;
    }

    // The one value of a register; null for every other kind, and where there are several.
    private static Payload? Single(Lattice value) => value switch
    {
        LwwRegister register => register.Payload,
        CausalRegister { Versions.Count: 1 } register => register.Newest,
        _ => null,
    };
}
