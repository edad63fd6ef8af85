namespace Virga.Topics.Ledgers;

/// <summary>One entry of a ledger.</summary>
/// <param name="Id">Its place, from 0, without a gap.</param>
/// <param name="Data">Its bytes: never changed again and never returned to a pool, so that whoever has them may keep them.</param>
public readonly record struct LedgerEntry(long Id, ReadOnlyMemory<byte> Data);
