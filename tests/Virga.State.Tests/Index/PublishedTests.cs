using Virga.State.Caches;
using Virga.State.Index;
using Virga.State.Mutations;
using Virga.State.Tests.Support;
using Virga.State.Time;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Index;

public sealed class PublishedTests
{
    [Fact]
    public void What_is_kept_to_be_published_again_takes_bounded_memory()
    {
        var link = DirectLink.Between(1)[0];
        var clock = new HybridClock(TimeProvider.System);
        var options = new StateCacheOptions();
        var home = new IndexHome(link, clock, TimeProvider.System, options, static _ => { });
        var index = new IndexClient(link, clock, TimeProvider.System, options, home, new CacheTable(options.MemoryBytes));
        var record = Put(new string('x', 1 << 20)).Delta(null, new MutationContext(HybridTimestamp.At(1), new(1), 1));

        for (var i = 0; i < 100; i++)
        {
            index.Publish([new KeyUpdate(Key($"k{i}"), record, TimeSpan.Zero)]);
        }

        index.PublishedBytes.ShouldBeInRange(16 << 20, 32 << 20);
    }
}
