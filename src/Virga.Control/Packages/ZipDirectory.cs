using System.Buffers.Binary;

namespace Virga.Control.Packages;

/// <summary>
/// Counts the entries of a zip by the headers of its central directory (APPNOTE.TXT, 4.3.12), in constant memory. The counts that the zip states are not
/// believed: a reader goes by the headers.
/// </summary>
internal static class ZipDirectory
{
    private const int EndLength = 22;
    private const int MaxCommentLength = ushort.MaxValue;
    private const int DirectoryOffset = 16;
    private const int HeaderLength = 46;
    private const int NameLengthOffset = 28;
    private const uint InLargeRecord = uint.MaxValue;
    private const int LocatorOffset = 8;
    private const int LargeRecordLength = 56;
    private const int LargeDirectoryOffset = 48;

    // The locator of the large record stands right before the end, 20 bytes long; readers look a little further.
    private const int LocatorReach = 64;

    private static ReadOnlySpan<byte> End => "PK\u0005\u0006"u8;

    private static ReadOnlySpan<byte> Header => "PK\u0001\u0002"u8;

    private static ReadOnlySpan<byte> Locator => "PK\u0006\u0007"u8;

    /// <summary>Whether there are more entries than <paramref name="limit"/>; the stream is at its begin afterwards.</summary>
    /// <exception cref="InvalidDataException">It is no zip.</exception>
    /// <exception cref="EndOfStreamException">It ends too early.</exception>
    public static bool HasMoreEntriesThan(Stream zip, int limit)
    {
        var hasMore = FindDirectories(zip).Exists(directory => Count(zip, directory, limit + 1) > limit);
        zip.Position = 0;
        return hasMore;
    }

    private static int Count(Stream zip, long directory, int enough)
    {
        // Not disposed: that would close the stream, and nothing is written that could be lost.
        var buffered = new BufferedStream(zip, 64 * 1024) { Position = directory };
        var count = 0;
        Span<byte> header = stackalloc byte[HeaderLength];
        while (count < enough && buffered.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) == HeaderLength && header.StartsWith(Header))
        {
            count++;
            var lengths = header[NameLengthOffset..];
            buffered.Position += BinaryPrimitives.ReadUInt16LittleEndian(lengths) + BinaryPrimitives.ReadUInt16LittleEndian(lengths[2..]) + BinaryPrimitives.ReadUInt16LittleEndian(lengths[4..]);
        }

        return count;
    }

    // Two when there is a record for large zips (4.3.14): whichever of them a reader takes, it was counted.
    private static List<long> FindDirectories(Stream zip)
    {
        var tail = new byte[Math.Min(zip.Length, EndLength + MaxCommentLength + LocatorReach)];
        zip.Position = zip.Length - tail.Length;
        zip.ReadExactly(tail);
        var place = tail.Length < EndLength ? -1 : tail.AsSpan(0, tail.Length - EndLength + End.Length).LastIndexOf(End);
        if (place < 0)
        {
            throw new InvalidDataException("The end of its directory is not found.");
        }

        var directories = new List<long>(2);
        var directory = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(place + DirectoryOffset));
        if (directory != InLargeRecord)
        {
            directories.Add(Within(zip, directory));
        }

        var reach = tail.AsSpan(Math.Max(0, place - LocatorReach), Math.Min(place, LocatorReach));
        var locator = reach.LastIndexOf(Locator);
        if (locator >= 0 && locator + LocatorOffset + sizeof(long) <= reach.Length)
        {
            directories.Add(ReadLargeRecord(zip, Within(zip, BinaryPrimitives.ReadInt64LittleEndian(reach[(locator + LocatorOffset)..]))));
        }

        return directories;
    }

    private static long ReadLargeRecord(Stream zip, long place)
    {
        Span<byte> record = stackalloc byte[LargeRecordLength];
        zip.Position = place;
        zip.ReadExactly(record);
        return Within(zip, BinaryPrimitives.ReadInt64LittleEndian(record[LargeDirectoryOffset..]));
    }

    private static long Within(Stream zip, long place) =>
        place >= 0 && place <= zip.Length ? place : throw new InvalidDataException("Its directory lies outside of it.");
}
