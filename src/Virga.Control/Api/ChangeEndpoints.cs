using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Control.Api;

/// <summary><c>/changes</c>: the feed of changes, one JSON object per line.</summary>
internal static class ChangeEndpoints
{
    private const int BatchSize = 500;

    public static void Map(RouteGroupBuilder api) => api.MapGet("/changes", FollowAsync).WithTags("changes").Produces<Change>(contentType: "application/x-ndjson").WithSummary("Read or follow the feed of changes")
        .WithDescription("Changes of the path's tenant and namespace after the sequence number `since` (0 when absent), oldest first; with `follow=true` the answer stays open for those to come. `kind` restricts it to one kind of resource. 410 when changes after `since` are no longer kept.");

    private static async Task FollowAsync(HttpContext context, IMetadataStore store, ChangeLog changes, IHostApplicationLifetime lifetime)
    {
        var scope = context.ReadScope();
        var kind = ReadKind(context);
        var after = ReadSince(context);
        var follow = context.ReadFlag("follow");
        var cancellation = context.RequestAborted;
        var stops = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStopping.Register(stops.SetResult);
        var stopping = stops.Task;
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.CacheControl = "no-store";
        while (true)
        {
            var next = changes.NextChange;
            var batch = await store.ReadChangesAsync(after, BatchSize, cancellation);
            foreach (var change in batch)
            {
                after = change.Sequence;
                if (change.Tenant == scope.Tenant && change.Namespace == scope.Namespace && (kind is null || change.Kind == kind))
                {
                    context.Response.BodyWriter.Write(JsonSerializer.SerializeToUtf8Bytes(change, ControlJson.Options));
                    context.Response.BodyWriter.Write("\n"u8);
                }
            }

            await context.Response.BodyWriter.FlushAsync(cancellation);
            if (batch.Count == BatchSize)
            {
                continue;
            }

            if (!follow)
            {
                return;
            }

            // A node that stops does not wait for its followers: their feed ends here, whole.
            await Task.WhenAny(next, stopping).WaitAsync(cancellation);
            if (stopping.IsCompleted)
            {
                return;
            }
        }
    }

    private static ResourceKind? ReadKind(HttpContext context)
    {
        var text = context.Request.Query["kind"].ToString();
        return text.Length == 0 ? null
            : ResourceKinds.TryParse(text, out var kind) ? kind
            : throw new ProblemException(KnownProblems.InvalidRequest($"kind is '{ResourceName.Shorten(text)}'; it must be function, route, environment or package."));
    }

    private static long ReadSince(HttpContext context)
    {
        var text = context.Request.Query["since"].ToString();
        return text.Length == 0 ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var since) ? since
            : throw new ProblemException(KnownProblems.InvalidRequest($"since is '{ResourceName.Shorten(text)}'; it must be a sequence number."));
    }
}
