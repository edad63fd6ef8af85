using Microsoft.AspNetCore.Http;
using Virga.State.Keys;
using Virga.State.Replicas;

namespace Virga.State.Api;

/// <summary><c>GET /state</c>: which keys there are.</summary>
internal sealed class ListEndpoint(Func<StateEngine> engine, TimeProvider time)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    public async Task GetAsync(HttpContext http)
    {
        var (scope, prefix, limit) = (StateRequest.Scope(http), StateRequest.Prefix(http), StateRequest.Limit(http, DefaultLimit, MaxLimit));
        var after = StateRequest.Parameter(http, "after");
        var replica = engine().Replica;
        var listing = prefix is [StateKey.PlatformMark, ..]
            ? await replica.ListAsync(scope, prefix, after, limit, http.RequestAborted)
            : await UsersKeys.ListAsync(replica, scope, prefix, after, limit, http.RequestAborted);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await StateDocument.SendAsync(http, json =>
        {
            json.WriteStartArray("items"u8);
            foreach (var item in listing.Items)
            {
                if (item.Record.IsLive(now))
                {
                    StateDocument.WriteListed(json, item);
                }
            }

            json.WriteEndArray();
            json.WriteString("next"u8, listing is { HasMore: true, Items: [.., var last] } ? last.Key.Text : null);
        });
    }
}
