using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Tests;

public sealed class StateRecordTests
{
    [Fact]
    public async Task A_version_that_is_asked_for_at_the_same_moment_is_whole()
    {
        const int records = 20_000;
        var value = new LwwRegister(new HybridTimestamp(0x1111_1111_1111_1111), new(0x2222_2222_2222_2222), Payload.Of(PayloadTag.Text, "v"u8));
        var shared = new StateRecord(HybridTimestamp.Zero, value);
        var wanted = shared.Version;
        var torn = 0;
        using var together = new Barrier(2, _ => shared = new StateRecord(HybridTimestamp.Zero, value));

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < records; i++)
            {
                together.SignalAndWait();
                for (var j = 0; j < 10; j++)
                {
                    if (shared.Version != wanted)
                    {
                        Interlocked.Increment(ref torn);
                    }
                }
            }
        })));

        torn.ShouldBe(0);
    }
}
