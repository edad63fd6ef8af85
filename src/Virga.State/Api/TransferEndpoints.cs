using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;

namespace Virga.State.Api;

/// <summary><c>GET /state-export</c> and <c>POST /state-import</c>: keys with all that is known of them, a JSON object per line.</summary>
internal sealed class TransferEndpoints(Func<StateEngine> engine)
{
    private const int PageSize = 100;

    // How many imported keys are being made durable at a time: writers of one moment share a synchronisation of the log.
    private const int AtATime = 64;

    // A record of the greatest value in base64, with its key and causality.
    private const int MaxLineBytes = 32 << 20;

    public async Task ExportAsync(HttpContext http)
    {
        var replica = engine().Replica;
        var (scope, prefix) = (StateRequest.Scope(http), StateRequest.Prefix(http));
        var body = http.Response.BodyWriter;
        http.Response.ContentType = "application/x-ndjson";
        string? after = null;
        while (true)
        {
            var page = await replica.ListAsync(scope, prefix, after, PageSize, http.RequestAborted);
            foreach (var item in page.Items)
            {
                after = item.Key.Text;
                if (item.Key.IsReserved)
                {
                    continue;
                }

                await using (var json = new Utf8JsonWriter(body))
                {
                    StateDocument.WriteExported(json, item);
                }

                body.Write("\n"u8);
                if (body.UnflushedBytes > 64 * 1024)
                {
                    await body.FlushAsync(http.RequestAborted);
                }
            }

            if (!page.HasMore)
            {
                return;
            }
        }
    }

    public async Task ImportAsync(HttpContext http)
    {
        StateBody.LiftLimit(http);
        var replica = engine().Replica;
        var scope = StateRequest.Scope(http);
        var underWay = new Queue<Task>();
        var (line, keys) = (0L, 0L);
        try
        {
            await foreach (var text in ReadLinesAsync(http.Request.BodyReader, () => line + 1, http.RequestAborted))
            {
                line++;
                if (ImportedKey.Parse(text, scope, line) is not { } imported)
                {
                    continue;
                }

                underWay.Enqueue(replica.AdoptAsync(imported.Key, imported.Record, http.RequestAborted).AsTask());
                if (underWay.Count == AtATime)
                {
                    await underWay.Dequeue();
                    keys++;
                }
            }
        }
        catch (ProblemException e)
        {
            // What was read before the bad line is kept, and the answer says so: lines may be sent again.
            await Task.WhenAll(underWay);
            throw new ProblemException(e.Problem with { Detail = $"{e.Problem.Detail} {keys + underWay.Count} keys before it were imported." }, e);
        }

        await Task.WhenAll(underWay);
        keys += underWay.Count;
        await StateDocument.SendAsync(http, json => json.WriteNumber("keys"u8, keys));
    }

    private static async IAsyncEnumerable<ReadOnlySequence<byte>> ReadLinesAsync(PipeReader body, Func<long> number, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellation);
            var rest = read.Buffer;
            try
            {
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    yield return rest.Slice(0, end);
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (rest.Length > MaxLineBytes)
                {
                    throw new ProblemException(KnownProblems.ValueTooLarge($"Line {number()} of the import has more than {MaxLineBytes:N0} bytes."));
                }

                if (read.IsCompleted && rest.Length > 0)
                {
                    yield return rest;
                    rest = rest.Slice(rest.End);
                }
            }
            finally
            {
                // Also when a bad line ends it: the server reads what is left of the body, and must find no read under way.
                body.AdvanceTo(rest.Start, rest.End);
            }

            if (read.IsCompleted)
            {
                yield break;
            }
        }
    }
}
