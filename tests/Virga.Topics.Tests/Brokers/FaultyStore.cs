using Virga.Topics.Ledgers;

namespace Virga.Topics.Tests.Brokers;

/// <summary>A store of ledgers over another one that fails when the test says so, as a full or broken disk makes it fail.</summary>
internal sealed class FaultyStore(ILedgerStore store) : ILedgerStore
{
    /// <summary>No ledger can be made.</summary>
    public bool RefusesToCreate { get; set; }

    /// <summary>The writers' next appends, so many, go into the ledger and are not confirmed: from then on the writer takes nothing more.</summary>
    public int FailsAfter { get; set; } = int.MaxValue;

    /// <summary>Done once before the next ledger is closed.</summary>
    public Func<Task>? BeforeClose { get; set; }

    /// <summary>No ledger can be deleted.</summary>
    public bool RefusesToDelete { get; set; }

    /// <summary>Whether other nodes use it too; as the store says where the test does not.</summary>
    public bool? Shared { get; init; }

    public bool IsShared => Shared ?? store.IsShared;

    public ValueTask OpenAsync(CancellationToken cancellation) => store.OpenAsync(cancellation);

    public async ValueTask<ILedgerWriter> CreateAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation) =>
        RefusesToCreate ? throw new LedgerStoreException("The disk is full.") : new Writer(this, await store.CreateAsync(id, epoch, cancellation));

    public ValueTask<LedgerEnd> RecoverAsync(LedgerId id, WriterEpoch epoch, CancellationToken cancellation) => store.RecoverAsync(id, epoch, cancellation);

    public ValueTask<int> ReadAsync(LedgerId id, long first, int maxEntries, int maxBytes, List<LedgerEntry> into, CancellationToken cancellation) =>
        store.ReadAsync(id, first, maxEntries, maxBytes, into, cancellation);

    public ValueTask DeleteAsync(LedgerId id, CancellationToken cancellation) => RefusesToDelete ? throw new LedgerStoreException("The disk has failed.") : store.DeleteAsync(id, cancellation);

    public IAsyncEnumerable<LedgerId> ListAsync(CancellationToken cancellation) => store.ListAsync(cancellation);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private sealed class Writer(FaultyStore faults, ILedgerWriter writer) : ILedgerWriter
    {
        private volatile bool _hasFailed;

        public LedgerId Id => writer.Id;

        public long LastConfirmed => writer.LastConfirmed;

        public long PendingBytes => writer.PendingBytes;

        public void Append(LedgerAppend append)
        {
            if (_hasFailed)
            {
                throw new LedgerStoreException("The writer has failed.");
            }

            writer.Append(new Passing(this, append, --faults.FailsAfter < 0));
        }

        public async ValueTask<LedgerEnd> CloseAsync(CancellationToken cancellation)
        {
            if (faults.BeforeClose is { } before)
            {
                faults.BeforeClose = null;
                await before();
            }

            return _hasFailed ? throw new LedgerStoreException("The writer has failed.") : await writer.CloseAsync(cancellation);
        }

        public ValueTask DisposeAsync() => writer.DisposeAsync();

        private sealed class Passing : LedgerAppend
        {
            private readonly Writer _writer;
            private readonly LedgerAppend _append;
            private readonly bool _fails;

            [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
            public Passing(Writer writer, LedgerAppend append, bool fails) => (_writer, _append, _fails, Data) = (writer, append, fails, append.Data);

            public override void Confirmed()
            {
                _append.EntryId = EntryId;
                if (_fails || _writer._hasFailed)
                {
                    _writer._hasFailed = true;
                    _append.Failed(new LedgerStoreException("The disk has failed."));
                }
                else
                {
                    _append.Confirmed();
                }
            }

            public override void Failed(Exception failure) => _append.Failed(failure);
        }
    }
}
