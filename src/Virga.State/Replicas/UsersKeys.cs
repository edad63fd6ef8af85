using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Stores;

namespace Virga.State.Replicas;

/// <summary>Keys by prefix without those that belong to the platform.</summary>
public static class UsersKeys
{
    // In the order of keys behind every one that begins with the platform's mark, and before every other.
    private const string BehindPlatforms = "$\uffff";

    /// <summary>Keys that exist and begin with a prefix: as many as are asked for, if there are so many.</summary>
    public static async ValueTask<StateListing> ListAsync(IStateReplica replica, Scope scope, string prefix, string? after, int limit, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(replica);
        var found = new List<StateDelta>(Math.Min(limit, 64));
        while (true)
        {
            var page = await replica.ListAsync(scope, prefix, after, limit - found.Count, cancellation);
            foreach (var item in page.Items)
            {
                if (!item.Key.IsReserved)
                {
                    found.Add(item);
                }
            }

            if (!page.HasMore || found.Count == limit)
            {
                return new StateListing(found, page.HasMore);
            }

            var last = page.Items[^1].Key;
            after = last.IsReserved ? BehindPlatforms : last.Text;
        }
    }
}
