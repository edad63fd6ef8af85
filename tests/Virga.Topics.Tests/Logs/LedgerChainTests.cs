using FsCheck;
using FsCheck.Fluent;
using Virga.Topics.Logs;
using Virga.Topics.Messages;

namespace Virga.Topics.Tests.Logs;

public sealed class LedgerChainTests
{
    private static readonly Position[] Ends = [Position.Earliest, Position.Latest];

    [Fact]
    public void Positions_are_counted_as_in_a_list_of_them()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Arb.From(Gen.Choose(0, 3)), (sizes, confirmed) =>
        {
            var (chain, all) = Make(sizes, confirmed);
            foreach (var position in all.Concat(Between(all)).Concat(Ends))
            {
                chain.Rank(position).ShouldBe(all.Count(each => each <= position));
                var next = all.Where(each => each > position).ToList();
                if (next.Count > 0)
                {
                    chain.After(position).ShouldBe(next[0]);
                }

                var before = all.Where(each => each < position).ToList();
                if (before.Count > 0)
                {
                    chain.Before(position).ShouldBe(before[^1]);
                }
                else
                {
                    chain.Before(position).ShouldBeLessThan(chain.First);
                    chain.Before(position).ShouldBeLessThanOrEqualTo(position);
                }
            }

            for (var i = 0; i < all.Count; i++)
            {
                chain.At(i).ShouldBe(all[i]);
                chain.AtOrAfter(all[i]).ShouldBe(all[i]);
            }

            chain.Entries.ShouldBe(all.Count);
            chain.At(all.Count).ShouldBe(chain.After(chain.Last));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_chain_without_entries_has_its_last_before_its_first()
    {
        var empty = new LedgerChain([], null, Position.Earliest);
        empty.Last.ShouldBe(Position.Earliest);
        empty.First.ShouldBeGreaterThan(empty.Last);
        empty.After(empty.Last).ShouldBe(empty.First);
        empty.Count(Position.Earliest, Position.Latest).ShouldBe(0);
    }

    [Fact]
    public void Behind_a_trimmed_entry_comes_the_first_that_is_kept()
    {
        var chain = new LedgerChain([new LedgerRecord { Id = 9, Entries = 3 }], null, new Position(4, 7));
        chain.After(new Position(2, 1)).ShouldBe(new Position(9, 0));
        chain.After(chain.Floor).ShouldBe(new Position(9, 0));
        chain.Count(new Position(2, 1), chain.Last).ShouldBe(3);
    }

    // Ledgers of a few entries, with gaps between their numbers, and an open one behind them where there are confirmed entries to put there.
    private static (LedgerChain Chain, List<Position> All) Make(byte[] sizes, int confirmed)
    {
        var closed = new List<LedgerRecord>();
        var all = new List<Position>();
        for (var i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] % 4 is > 0 and var entries)
            {
                closed.Add(new LedgerRecord { Id = 3 + (i * 2), Entries = entries });
                all.AddRange(Enumerable.Range(0, entries).Select(entry => new Position(3 + (i * 2), entry)));
            }
        }

        var open = confirmed == 0 ? null : new OpenLedger(null!, 1000, 0, new TopicLogOptions());
        for (var entry = 0; entry < confirmed - 1; entry++)
        {
            open!.Confirm(entry, 1);
            all.Add(new Position(1000, entry));
        }

        return (new LedgerChain(closed, open, new Position(1, 5)), all);
    }

    private static IEnumerable<Position> Between(List<Position> all) => all.SelectMany(static each => new[] { each with { Entry = each.Entry + 1 }, each with { Ledger = each.Ledger + 1, Entry = 0 }, each with { Entry = -1 } });
}
