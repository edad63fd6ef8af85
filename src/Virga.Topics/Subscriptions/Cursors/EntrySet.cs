using System.Numerics;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>
/// A set of entries, as bits in pages: what is acknowledged behind a cursor is dense, and a hole (an entry that somebody is slow with, or that is delayed) costs one bit, however many there are.
/// Not safe for several threads.
/// </summary>
internal sealed class EntrySet
{
    /// <summary>Entries of one page: 512 bytes of bits.</summary>
    public const int PageEntries = 4096;

    private const int PageShift = 12;
    private const int Words = PageEntries / 64;

    // In the order of ledger and number. There are few: new ones come at the end, old ones go at the beginning.
    private readonly List<Page> _pages = [];
    private Page? _last;

    public long Count { get; private set; }

    /// <summary>The pages in their order; for encoding.</summary>
    public IReadOnlyList<Page> Pages => _pages;

    public bool Contains(Position position) => Count > 0 && Find(position) is { } page && page.Has(Bit(position));

    /// <summary>Puts an entry in; false when it was in.</summary>
    public bool Add(Position position)
    {
        var page = FindOrMake(position.Ledger, position.Entry >> PageShift);
        if (!page.Set(Bit(position)))
        {
            return false;
        }

        Count++;
        return true;
    }

    /// <summary>Takes an entry out; false when it was not in.</summary>
    public bool Remove(Position position)
    {
        if (Count == 0 || Find(position) is not { } page || !page.Clear(Bit(position)))
        {
            return false;
        }

        Count--;
        if (page.Count == 0)
        {
            Drop(page);
        }

        return true;
    }

    /// <summary>Takes out all up to and with a position.</summary>
    public void RemoveThrough(Position position)
    {
        var whole = 0;
        while (whole < _pages.Count && _pages[whole].IsThrough(position))
        {
            Count -= _pages[whole].Count;
            whole++;
        }

        if (whole > 0)
        {
            _pages.RemoveRange(0, whole);
            _last = null;
        }

        if (_pages.Count > 0 && _pages[0] is var first && first.Ledger == position.Ledger && first.Number == position.Entry >> PageShift)
        {
            Count -= first.ClearThrough(Bit(position));
            if (first.Count == 0)
            {
                Drop(first);
            }
        }
    }

    /// <summary>The last of the entries that follow each other without a hole in one ledger, beginning with one that is in the set.</summary>
    public long RunEnd(Position first)
    {
        var end = first.Entry;
        while (true)
        {
            var page = Find(new Position(first.Ledger, end));
            if (page is null)
            {
                return end - 1;
            }

            var hole = page.FirstHole(Bit(end));
            end = (page.Number << PageShift) + hole;
            if (hole < PageEntries)
            {
                return end - 1;
            }
        }
    }

    /// <summary>The first entry at or behind a position.</summary>
    public bool TryNext(Position from, out Position found)
    {
        var index = IndexOf(from.Ledger, from.Entry >> PageShift);
        for (var i = index < 0 ? ~index : index; i < _pages.Count; i++)
        {
            var page = _pages[i];
            var start = i == index ? Bit(from) : 0;
            var bit = page.FirstSet(start);
            if (bit < PageEntries)
            {
                found = new Position(page.Ledger, (page.Number << PageShift) + bit);
                return true;
            }
        }

        found = default;
        return false;
    }

    public void Clear()
    {
        _pages.Clear();
        _last = null;
        Count = 0;
    }

    /// <summary>Adds a page that was decoded; they come in their order.</summary>
    public void Append(Page page)
    {
        _pages.Add(page);
        Count += page.Count;
    }

    private static int Bit(Position position) => Bit(position.Entry);

    private static int Bit(long entry) => (int)(entry & (PageEntries - 1));

    private void Drop(Page page)
    {
        _pages.RemoveAt(IndexOf(page.Ledger, page.Number));
        _last = null;
    }

    private Page? Find(Position position)
    {
        var number = position.Entry >> PageShift;
        if (_last is { } last && last.Ledger == position.Ledger && last.Number == number)
        {
            return last;
        }

        var index = IndexOf(position.Ledger, number);
        return index < 0 ? null : _last = _pages[index];
    }

    private Page FindOrMake(long ledger, long number)
    {
        if (_last is { } last && last.Ledger == ledger && last.Number == number)
        {
            return last;
        }

        var index = IndexOf(ledger, number);
        if (index < 0)
        {
            index = ~index;
            _pages.Insert(index, new Page(ledger, number));
        }

        return _last = _pages[index];
    }

    private int IndexOf(long ledger, long number)
    {
        int low = 0, high = _pages.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var page = _pages[middle];
            var order = page.Ledger != ledger ? page.Ledger.CompareTo(ledger) : page.Number.CompareTo(number);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    /// <summary>The bits of <see cref="PageEntries"/> entries of one ledger.</summary>
    internal sealed class Page(long ledger, long number)
    {
        private readonly ulong[] _words = new ulong[Words];

        public long Ledger { get; } = ledger;

        /// <summary>The first entry divided by <see cref="PageEntries"/>.</summary>
        public long Number { get; } = number;

        public int Count { get; private set; }

        public ReadOnlySpan<ulong> Bits => _words;

        public bool Has(int bit) => (_words[bit >> 6] & (1UL << bit)) != 0;

        public bool Set(int bit)
        {
            ref var word = ref _words[bit >> 6];
            var before = word;
            word |= 1UL << bit;
            if (word == before)
            {
                return false;
            }

            Count++;
            return true;
        }

        public bool Clear(int bit)
        {
            if (!Has(bit))
            {
                return false;
            }

            _words[bit >> 6] &= ~(1UL << bit);
            Count--;
            return true;
        }

        public bool IsThrough(Position position) =>
            Ledger < position.Ledger || (Ledger == position.Ledger && (Number << PageShift) + PageEntries - 1 <= position.Entry);

        /// <summary>Clears the bits up to and with one.</summary>
        /// <returns>How many were set.</returns>
        public int ClearThrough(int bit)
        {
            var before = Count;
            for (var i = 0; i <= bit >> 6; i++)
            {
                var keep = i < bit >> 6 || (bit & 63) == 63 ? 0 : ulong.MaxValue << ((bit & 63) + 1);
                Count -= BitOperations.PopCount(_words[i] & ~keep);
                _words[i] &= keep;
            }

            return before - Count;
        }

        public int FirstHole(int from) => Scan(from, ulong.MaxValue);

        public int FirstSet(int from) => Scan(from, 0);

        private int Scan(int from, ulong flip)
        {
            for (var i = from >> 6; i < Words; i++)
            {
                var word = _words[i] ^ flip;
                if (i == from >> 6)
                {
                    word &= ulong.MaxValue << (from & 63);
                }

                if (word != 0)
                {
                    return (i << 6) + BitOperations.TrailingZeroCount(word);
                }
            }

            return PageEntries;
        }
    }
}
