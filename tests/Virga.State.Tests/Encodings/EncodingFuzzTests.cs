using FsCheck;
using FsCheck.Fluent;
using Virga.State.Binary;
using Virga.State.Records;
using Virga.State.Tests.Lattices;

namespace Virga.State.Tests.Encodings;

/// <summary>Whatever comes from a disk, a database or another node is either read or refused.</summary>
public sealed class EncodingFuzzTests
{
    // What decoding may allocate for each byte that it is given: nodes of trees for the smallest elements there are.
    private const long BytesPerByte = 400;
    private const long BytesAtAll = 64 << 10;

    public static TheoryData<string> Kinds => History.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_record_that_is_cut_off_anywhere_is_refused_or_another_one(string kind) => OfEach(kind, static (bytes, _) =>
    {
        for (var length = 0; length < bytes.Length; length++)
        {
            if (Read(bytes.AsSpan(0, length).ToArray()) is { } record && RecordEncoding.ToBytes(record).AsSpan().SequenceEqual(bytes))
            {
                return false;
            }
        }

        return true;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_record_with_a_flipped_bit_is_refused_or_another_one(string kind) => OfEach(kind, static (bytes, _) =>
    {
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            if (Read(flipped) is { } record && RecordEncoding.ToBytes(record).AsSpan().SequenceEqual(bytes))
            {
                return false;
            }
        }

        return true;
    }, histories: 10);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_comes_of_damaged_bytes_merges_and_is_written_again(string kind) => OfEach(kind, static (bytes, random) =>
    {
        var whole = RecordEncoding.Read(bytes);
        for (var round = 0; round < 40; round++)
        {
            var damaged = bytes.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            if (Read(damaged) is { } record)
            {
                RecordEncoding.ToBytes(RecordEncoding.Read(RecordEncoding.ToBytes(record.Merge(whole))));
                Json.StateJson.ToPayload(record, static (output, of) => Json.StateJson.Write(output, of));
            }
        }

        return true;
    });

    [Fact]
    public void Random_bytes_are_refused_or_read_within_bounds() => Prop.ForAll<byte[], byte>(static (bytes, kind) =>
    {
        Read(bytes);
        Read([1, 1, .. new byte[8], (byte)(kind % 20), .. bytes]);
        Read([1, 7, .. new byte[8], .. bytes]);
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(300));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public void A_count_beyond_what_can_follow_takes_no_memory(byte kind)
    {
        for (byte prefix = 0; prefix < 32; prefix++)
        {
            Read([1, 1, .. new byte[8], kind, .. new byte[prefix], 0xff, 0xff, 0xff, 0xff, 0x7f]);
            Read([1, 1, .. new byte[8], kind, .. new byte[prefix], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
        }
    }

    [Fact]
    public void An_unknown_format_flag_kind_or_tag_is_refused()
    {
        Should.Throw<StateEncodingException>(static () => RecordEncoding.Read([2, 0, .. new byte[8]])).Message.ShouldContain("format 2");
        Should.Throw<StateEncodingException>(static () => RecordEncoding.Read([1, 8, .. new byte[8]])).Message.ShouldContain("flags 8");
        Should.Throw<StateEncodingException>(static () => RecordEncoding.Read([1, 1, .. new byte[8], 99])).Message.ShouldContain("kind 99");
        Should.Throw<StateEncodingException>(static () => RecordEncoding.Read([1, 1, .. new byte[8], 1, .. new byte[16], 3, 0])).Message.ShouldContain("tag");
        Should.Throw<StateEncodingException>(static () => RecordEncoding.Read([1, 0, .. new byte[8], 0])).Message.ShouldContain("follow");
    }

    [Theory]
    [InlineData(0x7ff0000000000000)]
    [InlineData(0x7ff8000000000000)]
    [InlineData(-0x8000000000000000)]
    public void A_number_that_is_none_is_refused(long bits) =>
        Should.Throw<StateEncodingException>(() => RecordEncoding.Read([1, 1, .. new byte[8], 8, .. BitConverter.GetBytes(bits)]));

    private static StateRecord? Read(byte[] bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            return RecordEncoding.Read(bytes);
        }
        catch (StateEncodingException)
        {
            return null;
        }
        finally
        {
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(BytesAtAll + (bytes.Length * BytesPerByte));
        }
    }

    private static void OfEach(string kind, Func<byte[], Random, bool> holds, int histories = 40) => Prop.ForAll<(byte, byte, byte, byte)[], int>((steps, seed) =>
    {
        var history = History.Of(kind, steps);
        return history.States.All(record => holds(RecordEncoding.ToBytes(record), new Random(seed)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(histories).WithEndSize(40));
}
