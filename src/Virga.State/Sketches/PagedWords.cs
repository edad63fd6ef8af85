using System.Numerics;

namespace Virga.State.Sketches;

/// <summary>
/// An immutable array of words, mostly zero: pages of 64, in tables of 128. A change copies the pages that it touches and not the array; pages that are zero take no memory.
/// </summary>
internal sealed class PagedWords
{
    /// <summary>The most words there may be.</summary>
    public const int MaxLength = Fan * Fan * PageWords;

    /// <summary>Words in a page.</summary>
    public const int PageWords = 64;

    private const int Fan = 128;
    private const int PageBits = 6;
    private const int FanBits = 7;

    private readonly ulong[]?[]?[] _tables;

    private PagedWords(int length, ulong[]?[]?[] tables, int pages, int tableCount, int nonZero, long ones)
    {
        (Length, _tables, Pages, Tables, NonZero, Ones) = (length, tables, pages, tableCount, nonZero, ones);
    }

    /// <summary>How many words there are.</summary>
    public int Length { get; }

    /// <summary>How many of them are not zero.</summary>
    public int NonZero { get; }

    /// <summary>How many bits are set in all.</summary>
    public long Ones { get; }

    /// <summary>Memory that it occupies, in bytes, roughly.</summary>
    public int MemoryBytes => 64 + (_tables.Length * 8) + (Tables * ((Fan * 8) + 24)) + (Pages * ((PageWords * 8) + 24));

    private int Pages { get; }

    private int Tables { get; }

    /// <summary>So many words, all zero.</summary>
    public static PagedWords Zero(int length) => new(length, new ulong[]?[]?[((length - 1) >> (PageBits + FanBits)) + 1], 0, 0, 0, 0);

    /// <summary>One word.</summary>
    public ulong this[int index] => PageOf(index) is { } page ? page[index & (PageWords - 1)] : 0;

    /// <summary>The page that a word stands in; null where all its words are zero.</summary>
    public ulong[]? PageOf(int index) => _tables[index >> (PageBits + FanBits)]?[(index >> PageBits) & (Fan - 1)];

    /// <summary>Changes are made to this; the array stays as it is.</summary>
    public Builder ToBuilder() => new(this);

    /// <summary>The first index from one on whose word is not zero; -1 for none.</summary>
    public int NextNonZero(int index)
    {
        while (index < Length)
        {
            if (_tables[index >> (PageBits + FanBits)] is null)
            {
                index = ((index >> (PageBits + FanBits)) + 1) << (PageBits + FanBits);
            }
            else if (PageOf(index) is not { } page)
            {
                index = ((index >> PageBits) + 1) << PageBits;
            }
            else if (page[index & (PageWords - 1)] != 0)
            {
                return index;
            }
            else
            {
                index++;
            }
        }

        return -1;
    }

    /// <summary>Joins two arrays of one length word by word; gives the first where nothing changes.</summary>
    /// <param name="other">The other array.</param>
    /// <param name="join">Gives what both words become: of zero and another, the other.</param>
    public PagedWords Merge(PagedWords other, Func<ulong, ulong, ulong> join)
    {
        if (ReferenceEquals(this, other))
        {
            return this;
        }

        var builder = ToBuilder();
        for (var first = 0; (first = other.NextNonZero(first)) >= 0; first = (first | (PageWords - 1)) + 1)
        {
            var (mine, theirs) = (PageOf(first), other.PageOf(first)!);
            if (mine is null)
            {
                builder.Put(first, theirs);
            }
            else if (!ReferenceEquals(mine, theirs) && Join(mine, theirs, join) is var joined && !ReferenceEquals(joined, mine))
            {
                builder.Put(first, joined);
            }
        }

        return builder.ToWords();
    }

    // Gives the first where nothing changes.
    private static ulong[] Join(ulong[] mine, ulong[] theirs, Func<ulong, ulong, ulong> join)
    {
        var joined = mine;
        for (var i = 0; i < PageWords; i++)
        {
            if (theirs[i] != 0 && join(mine[i], theirs[i]) is var word && word != mine[i])
            {
                joined = ReferenceEquals(joined, mine) ? [.. mine] : joined;
                joined[i] = word;
            }
        }

        return joined;
    }

    /// <summary>Words that are being changed. It has one owner, and ends with <see cref="ToWords"/>.</summary>
    public sealed class Builder
    {
        private readonly PagedWords _before;
        private ulong[]?[]?[] _tables;
        private int _pages;
        private int _tableCount;
        private int _nonZero;
        private long _ones;

        internal Builder(PagedWords before)
        {
            _before = before;
            _tables = before._tables;
            (_pages, _tableCount, _nonZero, _ones) = (before.Pages, before.Tables, before.NonZero, before.Ones);
        }

        /// <summary>One word; none becomes zero again.</summary>
        public ulong this[int index]
        {
            get => _tables[index >> (PageBits + FanBits)]?[(index >> PageBits) & (Fan - 1)]?[index & (PageWords - 1)] ?? 0;
            set
            {
                var known = this[index];
                if (known == value)
                {
                    return;
                }

                Own(index)[index & (PageWords - 1)] = value;
                _nonZero += known == 0 ? 1 : 0;
                _ones += BitOperations.PopCount(value) - BitOperations.PopCount(known);
            }
        }

        /// <summary>The words as they are now; those from before where nothing has changed.</summary>
        public PagedWords ToWords() =>
            ReferenceEquals(_tables, _before._tables) ? _before : new PagedWords(_before.Length, _tables, _pages, _tableCount, _nonZero, _ones);

        /// <summary>Puts a whole page, which may be another array's: it is not written to, and nor may this builder's words of that page be.</summary>
        internal void Put(int index, ulong[] page)
        {
            ref var slot = ref OwnTable(index)[(index >> PageBits) & (Fan - 1)];
            _pages += slot is null ? 1 : 0;
            for (var i = 0; i < PageWords; i++)
            {
                var known = slot?[i] ?? 0;
                _nonZero += (page[i] == 0 ? 0 : 1) - (known == 0 ? 0 : 1);
                _ones += BitOperations.PopCount(page[i]) - BitOperations.PopCount(known);
            }

            slot = page;
        }

        // What is not the array's from before was made here, and may be written.
        private ulong[]?[] OwnTable(int index)
        {
            var at = index >> (PageBits + FanBits);
            if (ReferenceEquals(_tables, _before._tables))
            {
                _tables = [.. _before._tables];
            }

            var table = _tables[at];
            if (table is null)
            {
                _tableCount++;
                table = _tables[at] = new ulong[]?[Fan];
            }
            else if (ReferenceEquals(table, _before._tables[at]))
            {
                table = _tables[at] = [.. table];
            }

            return table;
        }

        private ulong[] Own(int index)
        {
            var (at, within) = (index >> (PageBits + FanBits), (index >> PageBits) & (Fan - 1));
            var table = OwnTable(index);
            var page = table[within];
            if (page is null)
            {
                _pages++;
                page = table[within] = new ulong[PageWords];
            }
            else if (ReferenceEquals(page, _before._tables[at]?[within]))
            {
                page = table[within] = [.. page];
            }

            return page;
        }
    }
}
