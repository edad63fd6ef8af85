using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Postgres;

/// <summary>What is to be written over a row that was read.</summary>
/// <param name="key">The key.</param>
/// <param name="record">What it shall hold.</param>
/// <param name="version">The version that was read; 0 when there was no row.</param>
internal sealed class RowWrite(StateKey key, StateRecord record, long version)
{
    public StateKey Key { get; } = key;

    public StateRecord Record { get; } = record;

    public long Version { get; } = version;

    public byte[] Bytes { get; } = RecordEncoding.ToBytes(record);
}
