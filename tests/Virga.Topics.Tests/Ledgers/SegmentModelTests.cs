using System.Globalization;
using Virga.Topics.Ledgers;
using Virga.Topics.Ledgers.Segments;
using static Virga.Topics.Tests.Ledgers.LedgerStoreContract;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>
/// Random histories against a model: what a store of ledgers should hold after creating, appending, closing, recovering, deleting, restarts, and losses of power that drop or tear what
/// was not synchronised.
/// </summary>
public sealed class SegmentModelTests
{
    private const int Steps = 60;

    // More of them after a change of the segments: VIRGA_HISTORIES, and VIRGA_FIRST_SEED for one that failed.
    private static readonly int Histories = Number("VIRGA_HISTORIES", 8);
    private static readonly int FirstSeed = Number("VIRGA_FIRST_SEED", 20261125);

    [Theory]
    [InlineData(LedgerDurability.Always)]
    [InlineData(LedgerDurability.Interval)]
    public async Task A_random_history_leaves_what_it_should(LedgerDurability durability)
    {
        for (var seed = FirstSeed; seed < FirstSeed + Histories; seed++)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}, {durability}");
            await new History(seed, durability).RunAsync();
        }
    }

    private static int Number(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private sealed class Model(ILedgerWriter writer, long id)
    {
        public long Id => id;

        public ILedgerWriter? Writer { get; set; } = writer;

        public List<int> Sizes { get; } = [];

        /// <summary>So many are there, whatever happens.</summary>
        public int Sure { get; set; }

        public LedgerEnd? End { get; set; }

        public bool IsDeleted { get; set; }
    }

    private sealed class History(int seed, LedgerDurability durability)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<long, Model> _ledgers = [];
        private long _last;

        public async Task RunAsync()
        {
            await using var folder = new SegmentFolder
            {
                Options = new SegmentLedgerOptions { Directory = "", Durability = durability, MinSegmentBytes = 2 << 10, MaxSegmentBytes = 8 << 10, IndexCacheBytes = 1 << 10 },
            };
            await folder.OpenAsync();
            for (var step = 0; step < Steps; step++)
            {
                var live = _ledgers.Values.Where(static ledger => !ledger.IsDeleted).ToList();
                var open = live.FindAll(static ledger => ledger.Writer is not null);
                var one = live.Count > 0 ? live[_random.Next(live.Count)] : null;
                switch (_random.Next(100))
                {
                    case < 15:
                        _ledgers[++_last] = new Model(await folder.CreateAsync(_last), _last);
                        break;
                    case < 55 when open.Count > 0:
                        await AppendAsync(open);
                        break;
                    case < 62 when open.Count > 0:
                        var closing = open[_random.Next(open.Count)];
                        closing.End = await closing.Writer!.CloseAsync(SegmentFolder.Cancellation);
                        closing.Writer = null;
                        closing.End.ShouldBe(new LedgerEnd(closing.Sizes.Count - 1, closing.Sizes.Sum()));
                        break;
                    case < 68 when one is not null:
                        await RecoverAsync(folder, one);
                        break;
                    case < 76 when one is not null:
                        await folder.Store.DeleteAsync(new LedgerId(one.Id), SegmentFolder.Cancellation);
                        one.IsDeleted = true;
                        break;
                    case < 84 when one is not null:
                        await CheckAsync(folder, one);
                        break;
                    case < 88:
                        await folder.TidyAsync();
                        break;
                    case < 94:
                        await folder.OpenAsync();
                        await ReopenedAsync(folder, isPrefix: false);
                        break;
                    default:
                        await LosePowerAsync(folder);
                        break;
                }
            }

            await folder.OpenAsync();
            await ReopenedAsync(folder, isPrefix: false);
        }

        private async Task AppendAsync(List<Model> open)
        {
            var ends = new List<Task>();
            for (var i = _random.Next(1, 30); i > 0; i--)
            {
                var ledger = open[_random.Next(open.Count)];
                var size = _random.Next(10) == 0 ? _random.Next(5000) : _random.Next(100);
                ends.Add(Append(ledger.Writer!, DataOf(ledger.Id, ledger.Sizes.Count, size)).End);
                ledger.Sizes.Add(size);
            }

            await Task.WhenAll(ends);
        }

        private static async Task RecoverAsync(SegmentFolder folder, Model ledger)
        {
            var end = await folder.Store.RecoverAsync(new LedgerId(ledger.Id), new WriterEpoch(2), SegmentFolder.Cancellation);
            end.ShouldBe(new LedgerEnd(ledger.Sizes.Count - 1, ledger.Sizes.Sum()), $"ledger {ledger.Id}");
            ledger.End?.ShouldBe(end);
            ledger.End = end;
            ledger.Writer = null;
        }

        private async Task LosePowerAsync(SegmentFolder folder)
        {
            if (durability == LedgerDurability.Always || _random.Next(2) == 0)
            {
                await UntilAsync(() => durability == LedgerDurability.Always || folder.Disk.IsSettled);
                foreach (var ledger in _ledgers.Values)
                {
                    ledger.Sure = ledger.Sizes.Count;
                }
            }
            else
            {
                // Since the last time that all was on disk, entries may be lost, also that a ledger was deleted.
                foreach (var ledger in _ledgers.Values)
                {
                    ledger.Sure = Math.Min(ledger.Sure, ledger.Sizes.Count);
                }
            }

            // Some are on their way when it happens.
            var open = _ledgers.Values.Where(static ledger => ledger is { Writer: not null, IsDeleted: false }).ToList();
            var ends = new List<Task>();
            for (var i = _random.Next(10); i > 0 && open.Count > 0; i--)
            {
                var ledger = open[_random.Next(open.Count)];
                ends.Add(Append(ledger.Writer!, DataOf(ledger.Id, ledger.Sizes.Count, i)).End);
                ledger.Sizes.Add(i);
            }

            await folder.LosePowerAsync(_random.Next(2) == 0 ? _random : null);
            foreach (var end in ends)
            {
                await end.ContinueWith(static ended => ended.Exception, SegmentFolder.Cancellation, TaskContinuationOptions.None, TaskScheduler.Default);
            }

            await ReopenedAsync(folder, isPrefix: true);
        }

        private async Task ReopenedAsync(SegmentFolder folder, bool isPrefix)
        {
            var listed = new HashSet<long>();
            await foreach (var id in folder.Store.ListAsync(SegmentFolder.Cancellation))
            {
                listed.Add(id.Value);
            }

            foreach (var ledger in _ledgers.Values)
            {
                ledger.Writer = null;
                if (isPrefix && durability == LedgerDurability.Interval)
                {
                    // The loss may go back to before it was deleted; what is there is a beginning of what was appended.
                    ledger.IsDeleted &= !listed.Contains(ledger.Id);
                }

                listed.Contains(ledger.Id).ShouldBe(!ledger.IsDeleted, $"seed {seed}: ledger {ledger.Id}");
                if (ledger.IsDeleted)
                {
                    continue;
                }

                if (isPrefix)
                {
                    await CutAsync(folder, ledger);
                }

                await CheckAsync(folder, ledger);
            }
        }

        // The model learns what of the unconfirmed, or not yet synchronised, has survived.
        private async Task CutAsync(SegmentFolder folder, Model ledger)
        {
            var count = (await folder.ReadAsync(ledger.Id)).Count;
            count.ShouldBeInRange(ledger.Sure, ledger.Sizes.Count, $"seed {seed}: ledger {ledger.Id}");
            ledger.Sizes.RemoveRange(count, ledger.Sizes.Count - count);
            ledger.End?.Entries.ShouldBe(count, $"seed {seed}: ledger {ledger.Id} was closed");
        }

        private async Task CheckAsync(SegmentFolder folder, Model ledger)
        {
            var from = _random.Next(ledger.Sizes.Count + 1);
            var entries = new List<LedgerEntry>();
            while (await folder.Store.ReadAsync(new LedgerId(ledger.Id), from + entries.Count, _random.Next(1, 50), _random.Next(1, 10_000), entries, SegmentFolder.Cancellation) > 0)
            {
            }

            entries.Count.ShouldBe(ledger.Sizes.Count - from, $"seed {seed}: ledger {ledger.Id} from {from}");
            for (var i = 0; i < entries.Count; i++)
            {
                entries[i].Id.ShouldBe(from + i);
                entries[i].Data.Span.SequenceEqual(DataOf(ledger.Id, from + i, ledger.Sizes[from + i])).ShouldBeTrue($"seed {seed}: entry {from + i} of ledger {ledger.Id}");
            }
        }

        private static byte[] DataOf(long ledger, int entry, int size)
        {
            var data = new byte[size];
            new Random((int)(ledger * 100_003) + entry).NextBytes(data);
            return data;
        }
    }
}
