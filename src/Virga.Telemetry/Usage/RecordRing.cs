using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Virga.Core.Invocations;

namespace Virga.Telemetry.Usage;

/// <summary>
/// A bounded queue of many writers and one reader, without locks or allocation. Source: D. Vyukov, bounded MPMC queue: each slot's turn says
/// whether it may be written (turn = position) or read (turn = position + 1).
/// </summary>
internal sealed class RecordRing
{
    private readonly Slot[] _slots;
    private readonly int _mask;
    private Positions _positions;

    /// <param name="capacity">A power of two.</param>
    public RecordRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(System.Numerics.BitOperations.IsPow2(capacity), true, nameof(capacity));
        _slots = new Slot[capacity];
        _mask = capacity - 1;
        for (var i = 0; i < capacity; i++)
        {
            _slots[i].Turn = i;
        }
    }

    /// <summary>About how many records wait.</summary>
    public int Count => (int)(Volatile.Read(ref _positions.Head) - Volatile.Read(ref _positions.Tail));

    /// <summary>Adds a record; false when the queue is full.</summary>
    public bool TryAdd(in InvocationRecord record)
    {
        var head = Volatile.Read(ref _positions.Head);
        while (true)
        {
            ref var slot = ref _slots[(int)head & _mask];
            var lag = Volatile.Read(ref slot.Turn) - head;
            if (lag < 0)
            {
                return false;
            }

            if (lag == 0 && Interlocked.CompareExchange(ref _positions.Head, head + 1, head) == head)
            {
                slot.Record = record;
                Volatile.Write(ref slot.Turn, head + 1);
                return true;
            }

            head = Volatile.Read(ref _positions.Head);
        }
    }

    /// <summary>Takes the oldest record. One reader at a time.</summary>
    public bool TryTake(out InvocationRecord record)
    {
        var tail = _positions.Tail;
        ref var slot = ref _slots[(int)tail & _mask];
        if (Volatile.Read(ref slot.Turn) != tail + 1)
        {
            Unsafe.SkipInit(out record);
            return false;
        }

        record = slot.Record;
        // References are let go of, so that a quiet node keeps no old function versions alive.
        slot.Record = default;
        Volatile.Write(ref _positions.Tail, tail + 1);
        Volatile.Write(ref slot.Turn, tail + _slots.Length);
        return true;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Slot
    {
        public long Turn;
        public InvocationRecord Record;
    }

    // A cache line each, so that writers and reader do not fight for one.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Positions
    {
        [FieldOffset(64)]
        public long Head;

        [FieldOffset(128)]
        public long Tail;
    }
}
