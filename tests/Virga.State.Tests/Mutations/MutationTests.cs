using System.Text;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Tests.Mutations;

public sealed class MutationTests
{
    private static readonly ReplicaId A = new(1);
    private static readonly ReplicaId B = new(2);

    [Fact]
    public void A_counter_that_two_nodes_increment_loses_nothing()
    {
        var shared = After(null, new IncrementMutation(5), At(100, A));
        var there = shared.Merge(new IncrementMutation(-2).Delta(shared, At(110, B)));
        var here = shared.Merge(new IncrementMutation(10).Delta(shared, At(110, A)));
        IncrementMutation.ValueOf(here.Merge(there)).ShouldBe(13);
    }

    [Fact]
    public void An_increment_logs_one_share_and_not_the_counter()
    {
        var record = After(After(null, new IncrementMutation(5), At(100, A)), new IncrementMutation(1), At(101, B));
        var delta = new IncrementMutation(1).Delta(record, At(102, A));
        delta.Value.ShouldBeOfType<CounterLattice>().Shares.ToArray().ShouldBe([new CounterShare(A, 6, 0)]);
    }

    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(long.MinValue, -1)]
    public void A_counter_refuses_to_overflow(long first, long then)
    {
        var record = After(null, new IncrementMutation(first), At(100, A));
        Should.Throw<ProblemException>(() => After(record, new IncrementMutation(then), At(101, B))).Problem.Type.ShouldEndWith("invalid-update");
        IncrementMutation.ValueOf(record).ShouldBe(first);
    }

    [Fact]
    public void Increments_that_pass_the_bound_together_stop_at_it()
    {
        var here = After(null, new IncrementMutation(long.MaxValue), At(100, A));
        var there = After(null, new IncrementMutation(long.MaxValue), At(100, B));
        IncrementMutation.ValueOf(here.Merge(there)).ShouldBe(long.MaxValue);
    }

    [Fact]
    public void A_deleted_counter_begins_at_zero()
    {
        var record = After(After(null, new IncrementMutation(5), At(100, A)), new DeleteMutation(), At(101, A));
        record.Value.ShouldBeNull();
        IncrementMutation.ValueOf(After(record, new IncrementMutation(1), At(102, A))).ShouldBe(1);
    }

    [Fact]
    public void A_deletion_takes_what_it_saw_and_not_a_put_that_came_later_elsewhere()
    {
        var record = After(null, Put("old"), At(100, A));
        var deleted = record.Merge(new DeleteMutation().Delta(record, At(110, A)));
        var put = record.Merge(Put("new").Delta(record, At(120, B)));
        Text(deleted.Merge(put)).ShouldBe("new");
        Text(put.Merge(deleted)).ShouldBe("new");
    }

    [Fact]
    public void Deleting_what_does_not_exist_changes_nothing()
    {
        var deleted = After(After(null, Put("x"), At(100, A)), new DeleteMutation(), At(101, A));
        deleted.Merge(new DeleteMutation().Delta(deleted, At(102, A))).ShouldBeSameAs(deleted);
        var never = new DeleteMutation().Delta(null, At(102, A));
        never.Value.ShouldBeNull();
        never.Generation.ShouldBe(HybridTimestamp.Zero);
    }

    [Fact]
    public void Nodes_that_find_a_value_expired_begin_the_same_generation()
    {
        var record = After(null, new PutMutation(Of("x"), TimeSpan.FromMilliseconds(50)), At(100, A));
        record.IsLive(149).ShouldBeTrue();
        record.IsLive(150).ShouldBeFalse();
        var here = After(record, new IncrementMutation(1), At(200, A));
        var there = After(record, new IncrementMutation(2), At(300, B));
        here.Generation.ShouldBe(HybridTimestamp.At(150));
        IncrementMutation.ValueOf(here.Merge(there)).ShouldBe(3);
    }

    [Fact]
    public void A_put_without_a_time_to_live_takes_back_an_earlier_one()
    {
        var record = After(null, new PutMutation(Of("x"), TimeSpan.FromMilliseconds(50)), At(100, A));
        After(record, Put("y"), At(120, B)).IsLive(long.MaxValue - 1).ShouldBeTrue();
    }

    [Fact]
    public void A_put_holds_even_when_its_node_has_not_heard_of_the_later_clock_of_another()
    {
        var record = After(null, Put("ahead"), At(10_000, A));
        Text(After(record, Put("behind"), At(100, B))).ShouldBe("behind");
        After(record, new DeleteMutation(), At(100, B)).Value.ShouldBeNull();
    }

    [Fact]
    public void A_live_value_of_another_kind_is_left_alone()
    {
        var counter = After(null, new IncrementMutation(1), At(100, A));
        var register = After(null, Put("x"), At(100, A));
        Refusal(() => Put("x").Delta(counter, At(101, A))).ShouldBe("urn:virga:problem:state-kind-mismatch");
        Refusal(() => new IncrementMutation(1).Delta(register, At(101, A))).ShouldBe("urn:virga:problem:state-kind-mismatch");
    }

    [Fact]
    public void Versions_written_without_knowledge_of_each_other_are_siblings_until_one_is_written_over_both()
    {
        var record = After(null, Put("plain"), At(100, A));
        var here = After(record, Put("a"), Causal(110, A));
        var there = After(record, Put("b"), Causal(120, B));
        var both = here.Merge(there);
        var register = both.Value.ShouldBeOfType<CausalRegister>();
        register.Versions.Select(static version => Encoding.UTF8.GetString(version.Payload.Content.Span)).ShouldBe(["b", "a"]);
        both.Causality!.Clock.ShouldBe(VectorClock.Of([(A, 1), (B, 1)]));

        var after = After(both, Put("c"), At(130, A));
        after.Value.ShouldBeOfType<CausalRegister>().Versions.Count.ShouldBe(1);
        after.Causality!.Clock.ShouldBe(VectorClock.Of([(A, 2), (B, 1)]));
        after.Causality.Dependencies.ShouldBeEmpty();
    }

    [Fact]
    public void What_a_version_depends_on_goes_with_it()
    {
        var first = After(null, Put("a"), Causal(100, A, ("posts/1", VectorClock.Empty.Next(B))));
        first.Causality!.Dependencies.Keys.ShouldBe(["posts/1"]);
        var second = After(first, Put("b"), Causal(110, A, ("posts/2", VectorClock.Empty.Next(B))));
        second.Causality!.Dependencies.Keys.ShouldBe(["posts/2"]);
    }

    [Fact]
    public void A_clock_goes_on_counting_after_a_deletion_that_did_not_know_of_the_last_update()
    {
        var first = After(null, Put("a"), Causal(100, A));
        var second = After(first, Put("b"), Causal(110, A));
        var deleted = After(first, new DeleteMutation(), At(120, B));
        var all = deleted.Merge(second);
        all.Value.ShouldBeNull();
        all.Causality!.Clock[A].ShouldBe(2UL);
        After(all, Put("c"), Causal(130, A)).Causality!.Clock[A].ShouldBe(3UL);
    }

    [Fact]
    public void An_update_in_a_causal_session_counts_itself_and_says_what_it_depends_on()
    {
        var record = After(null, new IncrementMutation(1), Causal(100, B));
        var delta = new IncrementMutation(1).Delta(record, Causal(110, A, ("k", VectorClock.Empty.Next(B))));
        delta.Causality!.Clock.ShouldBe(VectorClock.Of(A, 1));
        delta.Causality.Dependencies.Keys.ShouldBe(["k"]);
        record.Merge(delta).Causality!.Clock.ShouldBe(VectorClock.Of([(A, 1), (B, 1)]));
    }

    [Fact]
    public void A_value_over_the_limit_is_refused() =>
        Refusal(() => new PutMutation(Payload.Of(PayloadTag.Bytes, new byte[Payload.MaxBytes])).Delta(null, At(1, A))).ShouldBe("urn:virga:problem:value-too-large");

    [Fact]
    public void A_value_without_a_known_tag_is_refused()
    {
        Refusal(() => new PutMutation(new Payload(new byte[] { 3, 0 })).Delta(null, At(1, A))).ShouldBe("urn:virga:problem:invalid-update");
        Refusal(() => new PutMutation(default).Delta(null, At(1, A))).ShouldBe("urn:virga:problem:invalid-update");
    }

    [Fact]
    public void A_time_to_live_that_is_over_before_it_began_leaves_a_record_that_can_be_read()
    {
        var record = After(null, new PutMutation(Of("x"), TimeSpan.MinValue), At(100, A));
        record.IsLive(100).ShouldBeFalse();
        RecordEncoding.Read(RecordEncoding.ToBytes(record)).IsLive(100).ShouldBeFalse();
    }

    private static string Refusal(Action action) => Should.Throw<ProblemException>(action).Problem.Type;

    private static StateRecord After(StateRecord? record, StateMutation mutation, MutationContext context)
    {
        var delta = mutation.Delta(record, context);
        return record is null ? delta : record.Merge(delta);
    }

    private static MutationContext At(long milliseconds, ReplicaId replica) => new(HybridTimestamp.At(milliseconds), replica, milliseconds);

    private static MutationContext Causal(long milliseconds, ReplicaId replica, params (string Key, VectorClock Clock)[] dependencies) =>
        At(milliseconds, replica) with { Dependencies = Causality.NoDependencies.AddRange(dependencies.Select(static d => KeyValuePair.Create(d.Key, d.Clock))) };

    private static PutMutation Put(string text) => new(Of(text));

    private static Payload Of(string text) => Payload.Of(PayloadTag.Text, Encoding.UTF8.GetBytes(text));

    private static string Text(StateRecord record) => Encoding.UTF8.GetString(record.Value.ShouldBeOfType<LwwRegister>().Payload.Content.Span);
}
