using System.Buffers;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.State.Logs;

/// <summary>One delta in a batch: a length, then tenant, namespace, key and record.</summary>
internal static class LogEntry
{
    // What a thread keeps to encode into; a larger one was the exception.
    private const int KeptBytes = 1 << 20;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _body;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _entries;

    /// <summary>Encodes one delta into memory of this thread, valid until the next call.</summary>
    public static ReadOnlySpan<byte> Encode(StateKey key, StateRecord delta)
    {
        var entries = Fresh(ref _entries);
        Write(entries, key, delta);
        return entries.WrittenSpan;
    }

    /// <summary>Encodes several, likewise.</summary>
    public static ReadOnlySpan<byte> Encode(ReadOnlySpan<StateDelta> deltas)
    {
        var entries = Fresh(ref _entries);
        foreach (var delta in deltas)
        {
            Write(entries, delta.Key, delta.Record);
        }

        return entries.WrittenSpan;
    }

    /// <summary>Reads the next entry of a batch's body.</summary>
    /// <exception cref="StateEncodingException">It is none.</exception>
    public static StateDelta Read(ref ByteReader reader)
    {
        var entry = new ByteReader(reader.ReadBytes());
        var tenant = ReadName(ref entry);
        var scope = new Scope(tenant, ReadName(ref entry));
        return new StateDelta(new StateKey(scope, entry.ReadText()), RecordEncoding.Read(entry.Rest));
    }

    private static void Write(ArrayBufferWriter<byte> entries, StateKey key, StateRecord delta)
    {
        var body = Fresh(ref _body);
        body.WriteText(key.Scope.Tenant.Value);
        body.WriteText(key.Scope.Namespace.Value);
        body.WriteText(key.Text);
        RecordEncoding.Write(body, delta);
        entries.WriteBytes(body.WrittenSpan);
    }

    private static ResourceName ReadName(ref ByteReader entry)
    {
        var text = entry.ReadText();
        return ResourceName.TryParse(text, out var name) ? name : throw new StateEncodingException($"'{ResourceName.Shorten(text)}' is no name of a tenant or namespace.");
    }

    private static ArrayBufferWriter<byte> Fresh(ref ArrayBufferWriter<byte>? writer)
    {
        if (writer is null || writer.Capacity > KeptBytes)
        {
            writer = new ArrayBufferWriter<byte>(1024);
        }
        else
        {
            writer.ResetWrittenCount();
        }

        return writer;
    }
}
