using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Virga.Topics.Messages;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>
/// The stored form of a cursor. Numbers are LEB128, signed ones zigzag:
/// <c>version (1) · writer · mark's ledger · mark's entry · properties (count, then name and value each) · note · pages (count, then each) · partial batches (count, then ledger, entry, words, 8 bytes each)</c>.
/// A page of 4,096 entries is its ledger (less that of the page before), its number, and either runs (0, count, then hole and run lengths) or bits (1, 512 bytes), whichever is shorter:
/// no window of acknowledgements takes more than one bit an entry.
/// </summary>
internal static class CursorCodec
{
    private const byte Version = 1;
    private const byte Runs = 0;
    private const byte Bits = 1;
    private const int BitsLength = EntrySet.PageEntries / 8;

    public static byte[] Encode(Cursor cursor, long writer, IReadOnlyList<KeyValuePair<string, string>> properties, string note)
    {
        var output = new ArrayBufferWriter<byte>(64);
        WriteByte(output, Version);
        WriteSigned(output, writer);
        WriteSigned(output, cursor.MarkDeleted.Ledger);
        WriteSigned(output, cursor.MarkDeleted.Entry);
        WriteNumber(output, (ulong)properties.Count);
        foreach (var (name, value) in properties)
        {
            WriteText(output, name);
            WriteText(output, value);
        }

        WriteText(output, note);
        WriteNumber(output, (ulong)cursor.Acknowledged.Pages.Count);
        var ledger = 0L;
        foreach (var page in cursor.Acknowledged.Pages)
        {
            WriteSigned(output, page.Ledger - ledger);
            WriteNumber(output, (ulong)page.Number);
            WritePage(output, page);
            ledger = page.Ledger;
        }

        WriteNumber(output, (ulong)cursor.Partial.Count);
        foreach (var (position, remaining) in cursor.Partial)
        {
            WriteSigned(output, position.Ledger);
            WriteSigned(output, position.Entry);
            WriteNumber(output, (ulong)remaining.Length);
            foreach (var word in remaining)
            {
                BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(8), word);
                output.Advance(8);
            }
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; null for anything else.</summary>
    public static CursorRecord? Decode(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        if (!ReadByte(ref rest, out var version) || version != Version || !ReadSigned(ref rest, out var writer) || !ReadSigned(ref rest, out var ledger) || !ReadSigned(ref rest, out var entry)
            || !ReadProperties(ref rest, out var properties) || !ReadText(ref rest, out var note))
        {
            return null;
        }

        var record = new CursorRecord { MarkDeleted = new Position(ledger, entry), Writer = writer, Properties = properties, Note = note };
        return ReadPages(ref rest, record) && ReadPartial(ref rest, record) && rest.IsEmpty ? record : null;
    }

    private static void WritePage(ArrayBufferWriter<byte> output, EntrySet.Page page)
    {
        var runs = new ArrayBufferWriter<byte>(32);
        ulong count = 0;
        for (var at = page.FirstSet(0); at < EntrySet.PageEntries && runs.WrittenCount < BitsLength;)
        {
            var end = page.FirstHole(at);
            var next = end < EntrySet.PageEntries ? page.FirstSet(end) : end;
            WriteNumber(runs, (ulong)(end - at));
            WriteNumber(runs, (ulong)(next - end));
            at = next;
            count++;
        }

        if (runs.WrittenCount >= BitsLength)
        {
            WriteByte(output, Bits);
            foreach (var word in page.Bits)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), word);
                output.Advance(8);
            }

            return;
        }

        WriteByte(output, Runs);
        WriteNumber(output, count);
        WriteNumber(output, (ulong)page.FirstSet(0));
        output.Write(runs.WrittenSpan);
    }

    private static bool ReadProperties(ref ReadOnlySpan<byte> rest, out List<KeyValuePair<string, string>> properties)
    {
        properties = [];
        if (!ReadCount(ref rest, 2, out var count))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (!ReadText(ref rest, out var name) || !ReadText(ref rest, out var value))
            {
                return false;
            }

            properties.Add(new(name, value));
        }

        return true;
    }

    private static bool ReadPages(ref ReadOnlySpan<byte> rest, CursorRecord record)
    {
        if (!ReadCount(ref rest, 4, out var count))
        {
            return false;
        }

        long ledger = 0, number = -1;
        for (var i = 0; i < count; i++)
        {
            if (!ReadSigned(ref rest, out var step) || !ReadNumber(ref rest, out var next) || next > long.MaxValue / EntrySet.PageEntries
                || (i > 0 && (step < 0 || (step == 0 && (long)next <= number))))
            {
                return false;
            }

            ledger += step;
            number = (long)next;
            var page = new EntrySet.Page(ledger, number);
            if (!ReadPage(ref rest, page) || page.Count == 0)
            {
                return false;
            }

            record.Pages.Add(page);
        }

        return true;
    }

    private static bool ReadPage(ref ReadOnlySpan<byte> rest, EntrySet.Page page)
    {
        if (!ReadByte(ref rest, out var kind))
        {
            return false;
        }

        if (kind == Bits)
        {
            if (rest.Length < BitsLength)
            {
                return false;
            }

            for (var bit = 0; bit < EntrySet.PageEntries; bit++)
            {
                if ((rest[bit >> 3] & (1 << (bit & 7))) != 0)
                {
                    page.Set(bit);
                }
            }

            rest = rest[BitsLength..];
            return true;
        }

        if (kind != Runs || !ReadCount(ref rest, 2, out var runs) || !ReadNumber(ref rest, out var start))
        {
            return false;
        }

        var at = start;
        for (var i = 0; i < runs; i++)
        {
            if (!ReadNumber(ref rest, out var length) || !ReadNumber(ref rest, out var hole) || at > EntrySet.PageEntries || length > EntrySet.PageEntries - at || hole > EntrySet.PageEntries)
            {
                return false;
            }

            for (var bit = at; bit < at + length; bit++)
            {
                page.Set((int)bit);
            }

            at += length + hole;
        }

        return true;
    }

    private static bool ReadPartial(ref ReadOnlySpan<byte> rest, CursorRecord record)
    {
        if (!ReadCount(ref rest, 3, out var count))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (!ReadSigned(ref rest, out var ledger) || !ReadSigned(ref rest, out var entry) || !ReadCount(ref rest, 8, out var words))
            {
                return false;
            }

            var remaining = new long[words];
            for (var word = 0; word < words; word++)
            {
                remaining[word] = BinaryPrimitives.ReadInt64LittleEndian(rest);
                rest = rest[8..];
            }

            record.Partial.Add(new(new Position(ledger, entry), remaining));
        }

        return true;
    }

    private static void WriteByte(ArrayBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> output, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            WriteByte(output, (byte)(value | 0x80));
        }

        WriteByte(output, (byte)value);
    }

    private static void WriteSigned(ArrayBufferWriter<byte> output, long value) => WriteNumber(output, (ulong)((value << 1) ^ (value >> 63)));

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber(output, (ulong)bytes.Length);
        output.Write(bytes);
    }

    private static bool ReadByte(ref ReadOnlySpan<byte> rest, out byte value)
    {
        value = 0;
        if (rest.IsEmpty)
        {
            return false;
        }

        value = rest[0];
        rest = rest[1..];
        return true;
    }

    private static bool ReadNumber(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (!ReadByte(ref rest, out var next) || (shift == 63 && next > 1))
            {
                return false;
            }

            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private static bool ReadSigned(ref ReadOnlySpan<byte> rest, out long value)
    {
        var isRead = ReadNumber(ref rest, out var number);
        value = (long)(number >> 1) ^ -(long)(number & 1);
        return isRead;
    }

    // A count of things that take so many bytes each at least: a small input cannot ask for large memory.
    private static bool ReadCount(ref ReadOnlySpan<byte> rest, int leastBytes, out int count)
    {
        count = 0;
        if (!ReadNumber(ref rest, out var number) || number > (ulong)(rest.Length / leastBytes))
        {
            return false;
        }

        count = (int)number;
        return true;
    }

    private static bool ReadText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (!ReadCount(ref rest, 1, out var length))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(rest[..length]);
        rest = rest[length..];
        return true;
    }
}
