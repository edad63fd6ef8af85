using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Topics.Api;
using Virga.Topics.Brokers;
using Virga.Topics.Clients;
using Virga.Topics.Ledgers.Segments;
using Virga.Topics.Metadata.Sqlite;

namespace Virga.Pulsar.Tests.Http;

/// <summary>A web server on a free port with Pulsar's HTTP APIs over topics of its own.</summary>
internal sealed class PulsarHttp : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("virga-pulsar-http-").FullName;
    private SqliteTopicMetadata _metadata = null!;
    private SegmentLedgerStore _ledgers = null!;
    private TopicNode _node = null!;
    private WebApplication _app = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public HttpClient Client { get; private set; } = null!;

    public static async Task<PulsarHttp> StartAsync()
    {
        var http = new PulsarHttp();
        await http.OpenAsync();
        return http;
    }

    /// <summary>Opens a socket.</summary>
    public async Task<ClientWebSocket> ConnectAsync(string path)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(Client.BaseAddress!.ToString().Replace("http", "ws", StringComparison.Ordinal) + path), Cancellation);
        return socket;
    }

    public static Task SendAsync(ClientWebSocket socket, string json) => socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, endOfMessage: true, Cancellation);

    public static async Task<JsonNode> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        var received = await socket.ReceiveAsync(buffer, Cancellation).WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        received.MessageType.ShouldBe(WebSocketMessageType.Text, socket.CloseStatusDescription);
        return JsonNode.Parse(buffer.AsSpan(0, received.Count))!;
    }

    /// <summary>Sends a request; gives its status and what it answers.</summary>
    public async Task<(int Status, JsonNode? Body)> AskAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await Client.SendAsync(request, Cancellation);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        return ((int)response.StatusCode, text.Length == 0 || response.Content.Headers.ContentType?.MediaType != "application/json" ? (text.Length == 0 ? null : JsonValue.Create(text)) : JsonNode.Parse(text));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await _node.Client.DisposeAsync();
        await _node.Broker.DisposeAsync();
        await _ledgers.DisposeAsync();
        await _metadata.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        _metadata = new SqliteTopicMetadata(Path.Combine(_folder, "topics.db"));
        _ledgers = new SegmentLedgerStore(new SegmentLedgerOptions { Directory = Path.Combine(_folder, "ledgers"), MinSegmentBytes = 1 << 20 }, NullLogger<SegmentLedgerStore>.Instance);
        await _metadata.OpenAsync(Cancellation);
        await _ledgers.OpenAsync(Cancellation);
        var link = new SingleNodeLink(NodeName.Single);
        var broker = new TopicBroker(_ledgers, _metadata, link, new TopicBrokerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        await broker.OpenAsync(Cancellation);
        _node = new TopicNode(broker, new TopicClient(broker, link, new Random(1), TimeProvider.System, NullLoggerFactory.Instance));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        _app = builder.Build();
        _app.UseWebSockets();
        _app.MapVirgaPulsar(() => _node, static () => null);
        await _app.StartAsync(Cancellation);
        Client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single() + "/") };
    }
}
