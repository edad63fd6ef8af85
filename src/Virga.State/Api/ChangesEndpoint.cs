using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Replicas;
using Virga.State.Stores;

namespace Virga.State.Api;

/// <summary><c>GET /state-changes</c>: the change feed, by long polls or as server-sent events.</summary>
internal sealed class ChangesEndpoint(Func<StateEngine> engine, TimeProvider time, CancellationToken stopping)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    // A comment this often keeps proxies from taking a silent stream for a dead one, and finds out about clients that are gone.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task GetAsync(HttpContext http)
    {
        var replica = engine().Replica;
        var (scope, prefix, limit) = (StateRequest.Scope(http), StateRequest.Prefix(http), StateRequest.Limit(http, DefaultLimit, MaxLimit));
        var (cursor, wait) = (StateRequest.Cursor(http), StateRequest.Wait(http, LongestWait));

        // A node that stops does not wait for its followers.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        var from = cursor ?? await replica.CursorAsync(end.Token);
        if (http.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            await StreamAsync(http, replica, scope, prefix, from, limit, end.Token);
        }
        else
        {
            await PollAsync(http, replica, scope, prefix, from, limit, wait, end.Token);
        }
    }

    private async Task PollAsync(HttpContext http, IStateReplica replica, Scope scope, string prefix, long cursor, int limit, TimeSpan wait, CancellationToken end)
    {
        StateChanges changes;
        try
        {
            changes = Shown(prefix, await replica.ChangesAsync(scope, prefix, cursor, limit, wait, end));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            changes = new StateChanges([], cursor);
        }

        var now = Now;
        await StateDocument.SendAsync(http, json =>
        {
            json.WriteStartArray("items"u8);
            foreach (var item in changes.Items)
            {
                StateDocument.WriteChange(json, item, now);
            }

            json.WriteEndArray();
            json.WriteNumber("cursor"u8, changes.Cursor);
        });
    }

    private async Task StreamAsync(HttpContext http, IStateReplica replica, Scope scope, string prefix, long cursor, int limit, CancellationToken end)
    {
        var body = http.Response.BodyWriter;
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        // The cursor goes out at once, so that a client which loses its connection before the first change misses none.
        body.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {cursor}\nevent: begin\ndata: {{}}\n\n")));
        await body.FlushAsync(http.RequestAborted);
        var buffer = new ArrayBufferWriter<byte>(1024);
        await using var json = new Utf8JsonWriter(buffer);
        try
        {
            while (true)
            {
                var changes = Shown(prefix, await replica.ChangesAsync(scope, prefix, cursor, limit, Heartbeat, end));
                cursor = changes.Cursor;
                if (changes.Items.Count == 0)
                {
                    body.Write(": no change\n\n"u8);
                }

                var now = Now;
                for (var i = 0; i < changes.Items.Count; i++)
                {
                    // A cursor is that of a whole batch: only with its last event may a client go on from there.
                    if (i == changes.Items.Count - 1)
                    {
                        body.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {cursor}\n")));
                    }

                    buffer.ResetWrittenCount();
                    json.Reset();
                    StateDocument.WriteChange(json, changes.Items[i], now);
                    json.Flush();
                    body.Write("event: change\ndata: "u8);
                    body.Write(buffer.WrittenSpan);
                    body.Write("\n\n"u8);
                }

                await body.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            // The stream ends here, whole; the client comes back with the last cursor that it has.
        }
        catch (ProblemException e)
        {
            body.Write("event: problem\ndata: "u8);
            body.Write(ProblemJson.Format(e.Problem).Span);
            body.Write("\n\n"u8);
            await body.FlushAsync(http.RequestAborted);
        }
    }

    // Keys of the platform only for who asks for them.
    private static StateChanges Shown(string prefix, StateChanges changes) =>
        prefix is [StateKey.PlatformMark, ..] ? changes : changes with { Items = [.. changes.Items.Where(static item => !item.Key.IsReserved)] };

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}
