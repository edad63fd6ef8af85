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
        .WithDescription("Changes of the path's tenant and namespace after the sequence number `since` (0 when absent), oldest first; with `follow=true` the answer stays open for those to come, and for what the autoscaler decides meanwhile (kind `scale`, not stored, without a sequence number). `kind` restricts it to one kind. 410 when changes after `since` are no longer kept.");

    private static async Task FollowAsync(HttpContext context, IMetadataStore store, ChangeLog changes, ScaleFeed scales, IHostApplicationLifetime lifetime)
    {
        var scope = context.ReadScope();
        var follow = context.ReadFlag("follow");
        var filter = ReadFilter(context, follow);
        var after = ReadSince(context);
        var cancellation = context.RequestAborted;
        var stops = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStopping.Register(stops.SetResult);
        using var follower = follow && filter.HasScales ? scales.Follow(scope) : null;
        var stopping = stops.Task;
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.CacheControl = "no-store";
        while (true)
        {
            // Each signal is taken before what it signals is read.
            Task[] signals = follower is null ? [stopping, changes.NextChange] : [stopping, changes.NextChange, follower.Next];
            var batch = await store.ReadChangesAsync(after, BatchSize, cancellation);
            foreach (var change in batch)
            {
                after = change.Sequence;
                if (change.Tenant == scope.Tenant && change.Namespace == scope.Namespace && filter.Takes(change.Kind))
                {
                    Write(context.Response, change);
                }
            }

            if (follower is not null)
            {
                WriteScales(context.Response, follower);
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
            await Task.WhenAny(signals).WaitAsync(cancellation);
            if (stopping.IsCompleted)
            {
                return;
            }
        }
    }

    private static void WriteScales(HttpResponse response, ScaleFollower follower)
    {
        var (events, lost) = follower.Take();
        if (lost > 0)
        {
            Write(response, new ScaleLoss(ScaleChange.KindName, lost));
        }

        foreach (var change in events)
        {
            Write(response, ScaleChange.Of(change));
        }
    }

    private static void Write<T>(HttpResponse response, T entry)
    {
        response.BodyWriter.Write(JsonSerializer.SerializeToUtf8Bytes(entry, ControlJson.Options));
        response.BodyWriter.Write("\n"u8);
    }

    private static Filter ReadFilter(HttpContext context, bool follow)
    {
        var text = context.Request.Query["kind"].ToString();
        if (text == ScaleChange.KindName)
        {
            return follow
                ? new Filter(HasResources: false, Resource: null, HasScales: true)
                : throw new ProblemException(KnownProblems.InvalidRequest("Entries of the kind scale are not stored, so there is nothing to read.", "Add follow=true to hear of those to come."));
        }

        return text.Length == 0 ? new Filter(HasResources: true, Resource: null, HasScales: true)
            : ResourceKinds.TryParse(text, out var kind) ? new Filter(HasResources: true, kind, HasScales: false)
            : throw new ProblemException(KnownProblems.InvalidRequest($"kind is '{ResourceName.Shorten(text)}'; it must be function, route, environment, package or scale."));
    }

    private static long ReadSince(HttpContext context)
    {
        var text = context.Request.Query["since"].ToString();
        return text.Length == 0 ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var since) ? since
            : throw new ProblemException(KnownProblems.InvalidRequest($"since is '{ResourceName.Shorten(text)}'; it must be a sequence number."));
    }

    /// <summary>Which entries are wanted.</summary>
    /// <param name="HasResources">Whether those about resources are.</param>
    /// <param name="Resource">Only about this kind of resource; null for any.</param>
    /// <param name="HasScales">Whether those about scale are.</param>
    private readonly record struct Filter(bool HasResources, ResourceKind? Resource, bool HasScales)
    {
        public bool Takes(ResourceKind kind) => HasResources && (Resource is null || Resource == kind);
    }
}
