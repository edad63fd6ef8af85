using FsCheck;
using FsCheck.Fluent;
using Virga.State.Binary;
using Virga.State.Records;

namespace Virga.State.Tests.Lattices;

/// <summary>What every kind of value owes, and records with their generations, expiries and causality as well. FsCheck prints the history and the seed that break it.</summary>
public sealed class LatticeLawTests
{
    public static TheoryData<string> Kinds => History.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Merging_is_associative_commutative_and_idempotent(string kind) => Holds(kind, static history =>
    {
        foreach (var (a, b, c) in Triples(history))
        {
            var ab = a.Merge(b);
            if (History.Bytes(ab.Merge(c)) != History.Bytes(a.Merge(b.Merge(c)))
                || History.Bytes(ab) != History.Bytes(b.Merge(a))
                || History.Bytes(a.Merge(a)) != History.Bytes(a))
            {
                return false;
            }
        }

        return true;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Merging_what_is_included_gives_the_same_object(string kind) => Holds(kind, static history =>
    {
        foreach (var (a, b, _) in Triples(history))
        {
            var ab = a.Merge(b);
            if (!ReferenceEquals(ab.Merge(a), ab) || !ReferenceEquals(ab.Merge(b), ab) || !ReferenceEquals(ab.Merge(b.Merge(a)), ab))
            {
                return false;
            }
        }

        return true;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_that_was_never_written_adds_nothing(string kind) => Holds(kind, static history =>
        history.Records.TrueForAll(static record =>
            ReferenceEquals(record.Merge(Bottom), record) && History.Bytes(Bottom.Merge(record)) == History.Bytes(record)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Replicas_agree_whatever_the_order_in_which_updates_come_and_how_often(string kind) => Holds(kind, static history =>
    {
        var whole = History.Bytes(History.Merge(history.States));
        var random = new Random(history.Deltas.Count);
        for (var round = 0; round < 3; round++)
        {
            StateRecord[] shuffled = [.. history.Deltas, .. history.Deltas.Take(round * 3)];
            random.Shuffle(shuffled);
            if (History.Bytes(History.Merge(shuffled)) != whole)
            {
                return false;
            }
        }

        return true;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Updates_that_were_merged_with_each_other_first_give_the_same(string kind) => Holds(kind, static history =>
    {
        var half = history.Deltas.Count / 2;
        var (first, second) = (History.Merge(history.Deltas.Take(half)), History.Merge(history.Deltas.Skip(half)));
        return first is null || second is null || History.Bytes(first.Merge(second)) == History.Bytes(History.Merge(history.States));
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_record_comes_back_from_its_bytes_and_has_said_their_number(string kind) => Holds(kind, static history =>
    {
        foreach (var record in history.Deltas.Concat(history.States))
        {
            var bytes = RecordEncoding.ToBytes(record);
            var back = RecordEncoding.Read(bytes);
            if (!RecordEncoding.ToBytes(back).AsSpan().SequenceEqual(bytes)
                || back.Version != record.Version
                || back.EncodedBytes < bytes.Length
                || record.EncodedBytes != back.EncodedBytes
                || record.MemoryBytes != back.MemoryBytes
                || History.Bytes(back.Merge(record)) != History.Bytes(record)
                || !ReferenceEquals(record.Merge(back), record))
            {
                return false;
            }
        }

        return true;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_clock_counts_all_updates_of_a_key_and_never_goes_back(string kind) => Holds(kind, static history =>
    {
        foreach (var (a, b, _) in Triples(history))
        {
            var merged = a.Merge(b).Causality?.Clock ?? VectorClock.Empty;
            if (!merged.Includes(a.Causality?.Clock ?? VectorClock.Empty) || !merged.Includes(b.Causality?.Clock ?? VectorClock.Empty))
            {
                return false;
            }
        }

        return true;
    });

    private static StateRecord Bottom { get; } = new(default, null);

    private static void Holds(string kind, Func<History, bool> law) =>
        Prop.ForAll<(byte, byte, byte, byte)[]>(steps => law(History.Of(kind, steps))).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(60));

    // Not all of them, but every record in every place.
    private static IEnumerable<(StateRecord A, StateRecord B, StateRecord C)> Triples(History history)
    {
        var records = history.Records;
        for (var i = 0; i < records.Count; i++)
        {
            yield return (records[i], records[((i * 7) + 3) % records.Count], records[((i * 13) + 5) % records.Count]);
        }
    }
}
