using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Virga.Core.Names;

namespace Virga.Telemetry.Metering;

/// <summary>
/// The last entries, in a ring of slots that is a file mapped into memory: an entry that is in it belongs to the kernel, and survives the end of this
/// process, whatever ends it, at the price of a few stores. Many writers, one reader. A slot is used again only when what it held was released.
/// </summary>
internal sealed unsafe class MeterJournal : IDisposable
{
    private const long Magic = 0x314C4E4A_41475256; // "VRGAJNL1"
    private const int HeadBytes = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // So far ahead of every released position that no writer can have it.
    private const long Sealed = long.MaxValue / 2;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly FileHead* _head;
    private readonly MeterSlot* _slots;
    private readonly int _capacity;
    private readonly Guid _boot;
    private readonly long _openedAt;
    private Positions _positions;
    private long _read;

    private MeterJournal(MemoryMappedFile file, int capacity, Guid boot)
    {
        (_file, _capacity, _boot) = (file, capacity, boot);
        _view = file.CreateViewAccessor(0, SizeOf(capacity));
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _head = (FileHead*)start;
        _slots = (MeterSlot*)(start + HeadBytes);
        if (_head->Magic != Magic || _head->Capacity != capacity || _head->SlotBytes != MeterSlot.Bytes)
        {
            Format();
        }

        _openedAt = _read = _positions.Next = NextPosition();
        // All that may not have been kept elsewhere stays until somebody who knows releases it.
        _positions.Released = _head->Released;
        IsClean = _head->Released == _read && _head->Boot == boot;
    }

    /// <summary>
    /// Whether nothing was left to recover when it was opened. Not so either when the machine has been started since then: the kernel may not have
    /// written all of the journal before.
    /// </summary>
    public bool IsClean { get; }

    /// <summary>Distinguishes this journal from any other that once was in its place.</summary>
    public long Id => _head->Id;

    /// <summary>After the last entry that was read.</summary>
    public long Position => _read;

    /// <summary>Whether more than half of the slots wait to be released.</summary>
    public bool IsCrowded => Volatile.Read(ref _positions.Next) - Volatile.Read(ref _positions.Released) > _capacity / 2;

    /// <summary>Opens a journal, or makes one. What is no journal of this size is replaced.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="capacity">How many entries it holds, a power of two.</param>
    /// <param name="boot">What tells this start of the machine from any other.</param>
    /// <exception cref="IOException">There is no room for it, or it cannot be opened.</exception>
    public static MeterJournal Open(string path, int capacity, Guid boot)
    {
        ThrowUnlessPowerOfTwo(capacity);
        // Its whole size is reserved now: a store into a mapped file cannot report that the disk is full.
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = OwnerOnly,
            BufferSize = 0,
        });
        var handle = stream.SafeFileHandle;
        File.SetUnixFileMode(handle, OwnerOnly);
        if (RandomAccess.GetLength(handle) != SizeOf(capacity))
        {
            RandomAccess.SetLength(handle, 0);
            Reserve(handle, SizeOf(capacity));
        }

        return new MeterJournal(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, SizeOf(capacity)), capacity, boot);
    }

    /// <summary>A journal that ends with the process, for a machine that has no room for a file.</summary>
    public static MeterJournal InMemory(int capacity)
    {
        ThrowUnlessPowerOfTwo(capacity);
        return new MeterJournal(MemoryMappedFile.CreateNew(null, SizeOf(capacity)), capacity, Guid.Empty);
    }

    /// <summary>Adds an entry; false when all slots wait to be released.</summary>
    public bool TryAdd(FunctionName name, in MeterEntry entry)
    {
        var position = Volatile.Read(ref _positions.Next);
        while (true)
        {
            if (position - Volatile.Read(ref _positions.Released) >= _capacity)
            {
                return false;
            }

            var seen = Interlocked.CompareExchange(ref _positions.Next, position + 1, position);
            if (seen == position)
            {
                break;
            }

            position = seen;
        }

        SlotAt(position).Fill(position, name, entry);
        return true;
    }

    /// <summary>Gives the entries that an earlier process left here from a position on. To be called once, before <see cref="Read"/>.</summary>
    public void Recover(long from, MeterVisitor visit)
    {
        for (var i = 0; i < _capacity; i++)
        {
            // Where a writer was killed half-way there is a gap.
            ref var slot = ref _slots[i];
            var position = slot.Position;
            if (position >= from && position < _openedAt && IsAt(position, i) && slot.IsWhole(position))
            {
                visit(slot.Name, slot.Entry);
            }
        }

        // A machine that lost its power may have kept less of the journal than of what was made of it: no position may mean two entries.
        if (from > _openedAt && Interlocked.CompareExchange(ref _positions.Next, from, _openedAt) == _openedAt)
        {
            _read = from;
        }
    }

    /// <summary>Gives the entries that were added since the last reading, in their order, up to one that is still being written.</summary>
    public void Read(MeterVisitor visit)
    {
        for (ref var slot = ref SlotAt(_read); slot.Position == _read; slot = ref SlotAt(++_read))
        {
            visit(slot.Name, slot.Entry);
        }
    }

    /// <summary>Lets the slots of all entries that were read be used again: they are kept elsewhere now.</summary>
    public void Release()
    {
        _head->Released = _read;
        _head->Boot = _boot;
        Volatile.Write(ref _positions.Released, _read);
    }

    /// <summary>Takes no more entries, and waits until those that are being written are whole.</summary>
    public void Seal()
    {
        var end = Interlocked.Exchange(ref _positions.Next, Sealed);
        var spin = new SpinWait();
        for (var position = _read; position < end; position++)
        {
            while (SlotAt(position).Position != position)
            {
                spin.SpinOnce();
            }
        }
    }

    /// <summary>Unmaps the file. It is sealed.</summary>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static long SizeOf(int capacity) => HeadBytes + ((long)capacity * MeterSlot.Bytes);

    private static void ThrowUnlessPowerOfTwo(int capacity) => ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(capacity), true, nameof(capacity));

    private static void Reserve(Microsoft.Win32.SafeHandles.SafeFileHandle handle, long bytes)
    {
        var zeros = new byte[64 * 1024];
        for (long at = 0; at < bytes; at += zeros.Length)
        {
            RandomAccess.Write(handle, zeros.AsSpan(0, (int)Math.Min(zeros.Length, bytes - at)), at);
        }
    }

    private bool IsAt(long position, int index) => (position & (_capacity - 1)) == index;

    private ref MeterSlot SlotAt(long position) => ref _slots[position & (_capacity - 1)];

    private void Format()
    {
        _head->Magic = 0;
        new Span<byte>(_slots, _capacity * MeterSlot.Bytes).Clear();
        _head->Capacity = _capacity;
        _head->SlotBytes = MeterSlot.Bytes;
        _head->Released = 0;
        _head->Boot = _boot;
        _head->Id = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        Volatile.Write(ref _head->Magic, Magic);
    }

    private long NextPosition()
    {
        var next = _head->Released;
        for (var i = 0; i < _capacity; i++)
        {
            var position = _slots[i].Position;
            if (position >= next && IsAt(position, i) && _slots[i].IsWhole(position))
            {
                next = position + 1;
            }
        }

        return next;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct FileHead
    {
        public long Magic;
        public int Capacity;
        public int SlotBytes;
        public long Id;
        public long Released;
        public Guid Boot;
    }

    // A cache line each, so that writers and reader do not fight for one.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Positions
    {
        [FieldOffset(64)]
        public long Next;

        [FieldOffset(128)]
        public long Released;
    }
}

/// <summary>Takes an entry of the journal; the name, in ASCII, is valid during the call.</summary>
internal delegate void MeterVisitor(ReadOnlySpan<byte> name, in MeterEntry entry);
