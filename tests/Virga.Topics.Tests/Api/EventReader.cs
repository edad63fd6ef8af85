using System.Text.Json.Nodes;
using Virga.Topics.Tests.Clients;

namespace Virga.Topics.Tests.Api;

/// <summary>Reads server-sent events.</summary>
internal sealed class EventReader(HttpResponseMessage response) : IDisposable
{
    private readonly StreamReader _lines = new(response.Content.ReadAsStream());

    /// <summary>The next event: its kind, id and data.</summary>
    public async Task<(string Kind, string? Id, JsonNode Data)> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ClientFixture.Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        var (kind, id, data) = ("", (string?)null, "");
        while (await _lines.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                kind = line["event: ".Length..];
            }
            else if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line["id: ".Length..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data = line["data: ".Length..];
            }
            else if (line.Length == 0 && kind.Length > 0)
            {
                return (kind, id, JsonNode.Parse(data)!);
            }
        }

        throw new EndOfStreamException();
    }

    public void Dispose()
    {
        _lines.Dispose();
        response.Dispose();
    }
}
