using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Virga.Core.Problems;
using Virga.Pulsar.WebSockets;
using Virga.Topics.Administration;
using Virga.Topics.Api;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Pulsar.Admin;

/// <summary>Subscriptions of a topic: <c>/admin/v2/persistent/T/N/TOPIC/subscription…</c>.</summary>
internal sealed class SubscriptionAdmin(Func<TopicNode> node, TimeProvider time)
{
    private TopicAdministration Administration => node().Client.Administration;

    public async Task ListAsync(HttpContext http) => await AdminAnswer.SendAsync(http, new JsonArray([.. (await NamesAsync(http)).Select(static name => (JsonNode)name.Value)]));

    public async Task CreateAsync(HttpContext http)
    {
        var start = AdminRequest.MessageId(await AdminRequest.BodyAsync(http)) ?? new MessageId(Position.Latest);
        await Administration.CreateSubscriptionAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), start, null, http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task DeleteAsync(HttpContext http)
    {
        await Administration.DeleteSubscriptionAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), AdminRequest.Flag(http, "force"), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task SkipAsync(HttpContext http)
    {
        await Administration.SkipAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), AdminRequest.Number(http, "count"), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task SkipAllAsync(HttpContext http)
    {
        await Administration.SkipAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), null, http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task ExpireAsync(HttpContext http)
    {
        await Administration.ExpireAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), Before(http), http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task ExpireOfAllAsync(HttpContext http)
    {
        foreach (var name in await NamesAsync(http))
        {
            await Administration.ExpireAsync(SocketRequest.Topic(http), name, Before(http), http.RequestAborted);
        }

        await AdminAnswer.DoneAsync(http);
    }

    public async Task ResetToTimeAsync(HttpContext http)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(AdminRequest.Number(http, "timestamp"), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
        await Administration.SeekAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), default, at, http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    public async Task ResetToMessageAsync(HttpContext http)
    {
        var to = AdminRequest.MessageId(await AdminRequest.BodyAsync(http)) ?? throw AdminRequest.Invalid("The body names no message.");
        await Administration.SeekAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), to, null, http.RequestAborted);
        await AdminAnswer.DoneAsync(http);
    }

    /// <summary>The entry at a place among those that are not acknowledged, from 1; its payload is the body.</summary>
    public async Task PeekAsync(HttpContext http)
    {
        var count = (int)Math.Clamp(AdminRequest.Number(http, "position"), 1, 10_000);
        var entries = await Administration.PeekAsync(SocketRequest.Topic(http), SocketRequest.Subscription(http), null, count, http.RequestAborted);
        await SendAsync(http, entries.Count >= count ? entries[count - 1] : throw new ProblemException(KnownProblems.NotFound("There is no message at this place.")));
    }

    /// <summary>One entry by its place.</summary>
    public async Task EntryAsync(HttpContext http)
    {
        var id = new MessageId(new Position(AdminRequest.Number(http, "ledger"), AdminRequest.Number(http, "entry")));
        var entries = await Administration.PeekAsync(SocketRequest.Topic(http), null, id, 1, http.RequestAborted);
        await SendAsync(http, entries is [var found] && found.Entry.Position == id.Position ? found : throw new ProblemException(KnownProblems.NotFound($"There is no entry {id}.")));
    }

    private static async Task SendAsync(HttpContext http, (TopicName Part, Virga.Topics.Subscriptions.DeliveredEntry Entry) found)
    {
        IReadOnlyList<TopicMessage> messages;
        try
        {
            messages = MessageReader.Read(found.Part, found.Entry);
        }
        catch (MalformedMessageException e)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The entry cannot be taken apart: {e.Message}", "Consume it with a client that can."), e);
        }

        // Of a batch the first message; Pulsar's own answer, a batch in its raw form, is of no use but to its client.
        var message = messages[0];
        http.Response.Headers["X-Pulsar-Message-ID"] = $"{message.Id.Position}";
        http.Response.Headers["X-Pulsar-publish-time"] = message.PublishedAt.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        foreach (var (name, value) in message.Properties)
        {
            http.Response.Headers["X-Pulsar-PROPERTY-" + Uri.EscapeDataString(name)] = Uri.EscapeDataString(value);
        }

        http.Response.ContentType = "application/octet-stream";
        await http.Response.Body.WriteAsync(message.Payload, http.RequestAborted);
    }

    private DateTimeOffset Before(HttpContext http) => time.GetUtcNow() - TimeSpan.FromSeconds(Math.Min(AdminRequest.Number(http, "seconds"), int.MaxValue));

    private async ValueTask<IReadOnlyList<SubscriptionName>> NamesAsync(HttpContext http)
    {
        var stats = await Administration.StatsAsync(SocketRequest.Topic(http), http.RequestAborted);
        return [.. (stats["subscriptions"] as JsonArray ?? []).Select(static item => SubscriptionName.Parse(item!["name"]!.ToString()))];
    }
}
