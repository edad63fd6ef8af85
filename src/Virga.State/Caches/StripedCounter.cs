namespace Virga.State.Caches;

/// <summary>A count that many processors add to at once: each to a cache line of its own, summed up when somebody asks.</summary>
internal sealed class StripedCounter
{
    private const int Stride = 16;
    private readonly long[] _counts = new long[Stride * (Mask + 1)];
    private static readonly int Mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount) - 1;

    public long Value
    {
        get
        {
            long sum = 0;
            for (var i = 0; i < _counts.Length; i += Stride)
            {
                sum += Volatile.Read(ref _counts[i]);
            }

            return sum;
        }
    }

    public void Add() => Interlocked.Increment(ref _counts[(Thread.GetCurrentProcessorId() & Mask) * Stride]);
}
