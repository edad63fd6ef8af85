using System.Text.Json.Nodes;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>The change feed as it comes.</summary>
public sealed class ChangeFeed : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private ChangeFeed(HttpResponseMessage response, StreamReader lines)
    {
        _response = response;
        _lines = lines;
    }

    /// <summary>Begins to follow the changes of one kind.</summary>
    public static async Task<ChangeFeed> FollowAsync(VirgaNode node, string kind)
    {
        var response = await node.Http.GetAsync(new Uri(node.Admin, $"/api/v1/changes?follow=true&kind={kind}"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        ((int)response.StatusCode).ShouldBe(200);
        return new ChangeFeed(response, new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>The next change that is as wanted.</summary>
    public async Task<JsonNode> NextAsync(Func<JsonNode, bool> wanted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (await _lines.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Length > 0 && JsonNode.Parse(line) is { } change && wanted(change))
            {
                return change;
            }
        }

        throw new InvalidOperationException("The feed ended.");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        _response.Dispose();
        return ValueTask.CompletedTask;
    }
}
