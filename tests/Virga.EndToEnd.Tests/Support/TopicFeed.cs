using System.Text.Json.Nodes;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>A topic's messages as they come by HTTP.</summary>
public sealed class TopicFeed : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private TopicFeed(HttpResponseMessage response, StreamReader lines) => (_response, _lines) = (response, lines);

    /// <summary>By what the consumer is named where it acknowledges by itself.</summary>
    public string Consumer => _response.Headers.GetValues("Virga-Consumer").Single();

    /// <summary>Begins to consume, or to read.</summary>
    /// <param name="node">The node that is asked, whoever owns the topic.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="query">How.</param>
    public static async Task<TopicFeed> OpenAsync(VirgaNode node, string topic, string query)
    {
        var response = await node.Http.GetAsync(new Uri(node.Admin, $"/api/v1/topics/{topic}/messages?{query}"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"'{topic}' is not read: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }

        return new TopicFeed(response, new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>The next message.</summary>
    public async Task<JsonNode> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (await _lines.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Length > 0)
            {
                var message = JsonNode.Parse(line)!;
                message["problem"].ShouldBeNull(line);
                return message;
            }
        }

        throw new InvalidOperationException("The feed ended.");
    }

    /// <summary>The values of messages, up to the one by which there are enough.</summary>
    public async Task<List<string>> TakeAsync(Func<List<string>, bool> isEnough)
    {
        var values = new List<string>();
        do
        {
            values.Add((await NextAsync())["value"]!.ToString());
        }
        while (!isEnough(values));
        return values;
    }

    /// <summary>The values of the next messages.</summary>
    public Task<List<string>> TakeAsync(int count) => TakeAsync(values => values.Count == count);

    /// <inheritdoc/>
    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
