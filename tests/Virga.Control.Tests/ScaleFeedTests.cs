using System.Text.Json.Nodes;
using Virga.Control.Changes;
using Virga.Control.Metadata;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

public sealed class ScaleFeedTests
{
    [Fact]
    public async Task A_follower_of_the_changes_hears_of_the_autoscalers_decisions()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var function = (await host.ResolveAsync("hello"))!;
        using var response = await host.Client.GetAsync("changes?follow=true", HttpCompletionOption.ResponseHeadersRead, ControlHost.Cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(ControlHost.Cancellation));
        while ((string?)(await ReadAsync(lines))["name"] != "hello")
        {
            // What was there before.
        }

        host.Service<IScaleObserver>().Scaled(new ScaleEvent(DateTimeOffset.UnixEpoch, function, 1, 4, "panic"));
        var scaled = await ReadAsync(lines);
        await host.DeployAsync("hello", "2");

        ((string?)scaled["kind"]).ShouldBe("scale");
        ((string?)scaled["name"]).ShouldBe("hello");
        ((int?)scaled["version"]).ShouldBe(1);
        ((int?)scaled["from"]).ShouldBe(1);
        ((int?)scaled["to"]).ShouldBe(4);
        ((string?)scaled["reason"]).ShouldBe("panic");
        ((DateTimeOffset?)scaled["time"]).ShouldBe(DateTimeOffset.UnixEpoch);
        ((string?)(await ReadAsync(lines))["change"]).ShouldNotBeNull();
    }

    [Fact]
    public async Task Scale_is_a_kind_of_its_own_and_only_for_followers()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var function = (await host.ResolveAsync("hello"))!;
        await host.GetAsync("changes?kind=scale", 400);
        using var response = await host.Client.GetAsync("changes?kind=scale&follow=true", HttpCompletionOption.ResponseHeadersRead, ControlHost.Cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(ControlHost.Cancellation));

        host.Service<IScaleObserver>().Scaled(new ScaleEvent(DateTimeOffset.UnixEpoch, function, 2, 0, "idle"));

        ((int?)(await ReadAsync(lines))["to"]).ShouldBe(0);
    }

    [Fact]
    public async Task A_slow_reader_loses_the_oldest_and_is_told_how_many()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var function = (await host.ResolveAsync("hello"))!;
        var feed = new ScaleFeed();
        using var follower = feed.Follow(Scope.Default, capacity: 2);
        var next = follower.Next;

        for (var to = 1; to <= 5; to++)
        {
            feed.Scaled(new ScaleEvent(DateTimeOffset.UnixEpoch, function, 0, to, "panic"));
        }

        next.IsCompleted.ShouldBeTrue();
        var (events, lost) = follower.Take();
        events.Select(change => change.To).ShouldBe([4, 5]);
        lost.ShouldBe(3);
        follower.Next.IsCompleted.ShouldBeFalse();
        follower.Take().Lost.ShouldBe(0);
    }

    [Fact]
    public async Task Nobody_hears_of_another_namespace_or_after_leaving()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("hello");
        var function = (await host.ResolveAsync("hello"))!;
        var feed = new ScaleFeed();
        using var other = feed.Follow(new Scope(Core.Names.ResourceName.Default, Core.Names.ResourceName.Parse("other")));
        var left = feed.Follow(Scope.Default);
        left.Dispose();

        feed.Scaled(new ScaleEvent(DateTimeOffset.UnixEpoch, function, 0, 1, "panic"));

        other.Take().Events.ShouldBeEmpty();
        left.Take().Events.ShouldBeEmpty();
    }

    private static async Task<JsonNode> ReadAsync(StreamReader lines) => JsonNode.Parse((await lines.ReadLineAsync(ControlHost.Cancellation)).ShouldNotBeNull())!;
}
