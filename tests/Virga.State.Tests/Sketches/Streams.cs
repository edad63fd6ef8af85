using System.Buffers;
using Virga.State.Lattices;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

/// <summary>Values to add, the same in every run, and sketches as bytes.</summary>
internal static class Streams
{
    /// <summary>Hashes of so many different values; those of different salts have none in common.</summary>
    public static ulong[] Hashes(int salt, int count, int from = 0)
    {
        var hashes = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = XxHash64.Mix(((ulong)salt << 40) + (ulong)(i + from) + 1);
        }

        return hashes;
    }

    /// <summary>Ranks of which the first come up most often: the n-th 1/n as often as the first.</summary>
    public static int[] Zipf(int seed, int count, int values)
    {
        var random = new Random(seed);
        var upTo = new double[values];
        var sum = 0.0;
        for (var i = 0; i < values; i++)
        {
            upTo[i] = sum += 1.0 / (i + 1);
        }

        var drawn = new int[count];
        for (var i = 0; i < count; i++)
        {
            var at = Array.BinarySearch(upTo, random.NextDouble() * sum);
            drawn[i] = Math.Min(at < 0 ? ~at : at, values - 1);
        }

        return drawn;
    }

    public static Payload Value(int number) => Payload.Of(PayloadTag.Bytes, BitConverter.GetBytes(number));

    public static string Bytes<TSketch>(TSketch sketch)
        where TSketch : class, ISketch<TSketch>
    {
        var output = new ArrayBufferWriter<byte>();
        sketch.WriteTo(output);
        return Convert.ToHexString(output.WrittenSpan);
    }
}
