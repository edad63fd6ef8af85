using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.State.Binary;
using Virga.State.Sessions;
using Virga.State.Tests.Simulation;
using static Virga.State.Tests.Support.Values;

namespace Virga.State.Tests.Sessions;

public sealed class SessionEncodingTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(Consistency.RepeatableRead)]
    [InlineData(Consistency.SingleKey)]
    [InlineData(Consistency.MultiKey)]
    [InlineData(Consistency.Causal)]
    public void A_session_that_is_cut_off_or_damaged_is_refused_or_harmless(Consistency consistency) => Cluster.Run(2, async cluster =>
    {
        var metadata = await MakeAsync(cluster, consistency);
        var engine = cluster[1].Engine;
        engine.Import(Scope.Default, metadata).Consistency.ShouldBe(consistency);
        for (var length = 0; length < metadata.Length; length++)
        {
            Should.Throw<StateEncodingException>(() => engine.Import(Scope.Default, metadata.AsSpan(0, length)));
        }

        var random = new SeededRandom(3);
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = metadata.ToArray();
            for (var flips = random.Next(4) + 1; flips > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            try
            {
                engine.Export(engine.Import(Scope.Default, damaged));
            }
            catch (StateEncodingException)
            {
                // As it should be.
            }
        }
    });

    [Fact]
    public void What_was_exported_is_imported_as_it_was() => Cluster.Run(2, async cluster =>
    {
        var metadata = await MakeAsync(cluster, Consistency.Causal);
        cluster[1].Engine.Export(cluster[1].Engine.Import(Scope.Default, metadata)).ToArray().ShouldBe(metadata);
    });

    [Fact]
    public void A_session_with_too_many_keys_is_refused() => Cluster.Run(
        1,
        async cluster =>
        {
            var session = cluster[0].Engine.Begin(Consistency.RepeatableRead)!;
            for (var i = 0; i < 10; i++)
            {
                await cluster[0].Engine.ReadAsync(session, Key($"k{i}"), None);
            }

            (await Cluster.ThrownAsync<ProblemException>(async () => await cluster[0].Engine.ReadAsync(session, Key("k10"), None))).Problem.Slug.ShouldBe("invalid-request");
            await cluster[0].Engine.ReadAsync(session, Key("k3"), None);
        },
        new ClusterFaults { Sessions = new SessionOptions { MostKeys = 10 } });

    private static async Task<byte[]> MakeAsync(SimulatedCluster cluster, Consistency consistency)
    {
        var session = cluster[0].Engine.Begin(consistency)!;
        cluster.Store.IsReachable = true;
        for (var i = 0; i < 5; i++)
        {
            await cluster[0].Engine.ApplyAsync(session, Key($"k{i}"), Put($"{i}"), None);
            await cluster[0].Engine.ReadAsync(session, Key($"absent{i}"), None);
        }

        return cluster[0].Engine.Export(session).ToArray();
    }
}
