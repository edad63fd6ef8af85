using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Topics.Names;

namespace Virga.Topics.Api;

/// <summary><c>GET /topics/{topic}/stats</c>: once, or again and again with <c>watch</c>.</summary>
internal sealed class StatsEndpoint(Func<TopicNode> node, TimeProvider time, CancellationToken stopping)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    public async Task GetAsync(HttpContext http)
    {
        var topic = TopicRequest.Topic(http);
        if (TopicRequest.Span(http, "watch") is not { } period)
        {
            await TopicAnswer.SendAsync(http, await node().Client.Administration.StatsAsync(topic, http.RequestAborted));
            return;
        }

        if (period < Shortest)
        {
            throw TopicRequest.Invalid($"watch is '{ResourceName.Shorten(TopicRequest.Parameter(http, "watch"))}'.", "Use 100ms or more.");
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        await WatchAsync(http, topic, period, end.Token);
    }

    private async Task WatchAsync(HttpContext http, TopicName topic, TimeSpan period, CancellationToken end)
    {
        // The first one before the answer begins, so that a topic that is not there is a problem with a status.
        var stats = await node().Client.Administration.StatsAsync(topic, end);
        await using var stream = new MessageStream(http);
        using var timer = new PeriodicTimer(period, time);
        try
        {
            do
            {
                stream.Write("stats", null, json => stats.WriteTo(json));
                await stream.FlushAsync();
                await timer.WaitForNextTickAsync(end);
                stats = await node().Client.Administration.StatsAsync(topic, end);
            }
            while (true);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            await stream.StopAsync();
        }
        catch (ProblemException e)
        {
            stream.Fail(e.Problem);
            await stream.FlushAsync();
        }
    }
}
