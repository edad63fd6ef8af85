using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Data.Sqlite;
using Virga.Core.Names;
using Virga.Core.Storage;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>How keys and records stand in the database.</summary>
internal static class ColdKeys
{
    public static string TextOf(Scope scope) => $"{scope.Tenant.Value}/{scope.Namespace.Value}";

    /// <summary>
    /// Text of a row. Text whose type has turned into that of bytes reads the same, and its checksum is right; but it sorts elsewhere, so that keys are not found.
    /// </summary>
    /// <exception cref="StateEncodingException">It is no text.</exception>
    public static string ReadText(SqliteDataReader row, int column) =>
        row.GetValue(column) as string ?? throw new StateEncodingException($"a row has no text where {row.GetName(column)} should be");

    /// <summary>A record behind the checksum of its scope, key and itself.</summary>
    public static byte[] Pack(StateKey key, StateRecord record)
    {
        var output = new ArrayBufferWriter<byte>(64);
        output.GetSpan(sizeof(uint));
        output.Advance(sizeof(uint));
        RecordEncoding.Write(output, record);
        var bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Checksum(TextOf(key.Scope), key.Text, bytes.AsSpan(sizeof(uint))));
        return bytes;
    }

    /// <exception cref="StateEncodingException">It is not what was written.</exception>
    public static (StateKey Key, StateRecord Record) Unpack(string scope, string key, byte[] bytes)
    {
        if (bytes.Length <= sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Checksum(scope, key, bytes.AsSpan(sizeof(uint))))
        {
            throw new StateEncodingException($"the row of the key '{ResourceName.Shorten(key)}' in {ResourceName.Shorten(scope)} is not what was written");
        }

        var slash = scope.IndexOf('/', StringComparison.Ordinal);
        var owner = new Scope(ResourceName.Parse(scope[..slash]), ResourceName.Parse(scope[(slash + 1)..]));
        return (new StateKey(owner, key), RecordEncoding.Read(bytes.AsSpan(sizeof(uint))));
    }

    private static uint Checksum(string scope, string key, ReadOnlySpan<byte> record)
    {
        Span<byte> text = stackalloc byte[StateKey.MaxBytes * 3];
        var crc = Of(scope, text, 0);
        crc = Of(key, text, crc);
        return Crc32C.Of(record, crc);

        // What is longer than any key comes from a damaged file: a part of it is enough to tell.
        static uint Of(string part, Span<byte> buffer, uint earlier)
        {
            Encoding.UTF8.TryGetBytes(part.AsSpan(0, Math.Min(part.Length, StateKey.MaxBytes)), buffer, out var length);
            return Crc32C.Of(buffer[..length], earlier);
        }
    }
}
