using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Tests;

public sealed class VectorClockTests
{
    private static readonly ReplicaId A = new(1);
    private static readonly ReplicaId B = new(2);

    [Fact]
    public void A_later_version_includes_an_earlier_one() => VectorClock.Empty.Next(A).Next(A).Includes(VectorClock.Empty.Next(A)).ShouldBeTrue();

    [Fact]
    public void Versions_of_two_writers_that_did_not_know_each_other_are_concurrent() => VectorClock.Empty.Next(A).IsConcurrentTo(VectorClock.Empty.Next(B)).ShouldBeTrue();

    [Fact]
    public void A_merge_includes_both() => VectorClock.Empty.Next(A).Merge(VectorClock.Empty.Next(B)).Entries.ShouldBe([(A, 1UL), (B, 1UL)]);
}
