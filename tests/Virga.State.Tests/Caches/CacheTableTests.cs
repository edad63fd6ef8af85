using Virga.State.Caches;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Caches;

public sealed class CacheTableTests
{
    private const int Keys = 500;

    [Fact]
    public async Task Room_is_made_while_keys_are_read()
    {
        var record = Put(new string('x', 100)).Delta(null, new MutationContext(HybridTimestamp.At(1), new(1), 1));
        using var stop = new CancellationTokenSource();
        var table = new CacheTable(Keys * 200);
        var reading = Task.Run(() =>
        {
            var random = new Random(1);
            while (!stop.IsCancellationRequested)
            {
                // As reads do, between one tick and the next.
                table.Obtain(Key($"k{random.Next(Keys)}")).Touched = random.Next(1000);
            }
        }, TestContext.Current.CancellationToken);

        for (var round = 0; round < 500; round++)
        {
            for (var i = 0; i < Keys; i++)
            {
                var entry = table.Obtain(Key($"k{i}"));
                lock (entry.Lock)
                {
                    if (!entry.IsEvicted)
                    {
                        table.Show(entry, record);
                    }
                }
            }

            table.Evict();
        }

        await stop.CancelAsync();
        await reading;
        table.Evictions.ShouldBeGreaterThan(Keys);
    }
}
