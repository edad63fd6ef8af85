using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Virga.Core.Names;

/// <summary>
/// The id of one invocation: a ULID (48 bits of Unix milliseconds, 80 random bits), so that ids sort by time and
/// can be found in a log without an index. Source: the ULID specification, github.com/ulid/spec.
/// </summary>
public readonly record struct InvocationId
{
    /// <summary>Length of the text form, in characters.</summary>
    public const int TextLength = 26;

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    // Random bytes are drawn in blocks: one system call serves a hundred ids.
    [ThreadStatic]
    private static RandomBlock? _random;

    private readonly UInt128 _value;

    private InvocationId(UInt128 value) => _value = value;

    /// <summary>When the id was made, in Unix milliseconds.</summary>
    public long UnixMilliseconds => (long)(_value >> 80);

    /// <summary>Makes a new id.</summary>
    public static InvocationId New(TimeProvider time)
    {
        var (high, low) = (_random ??= new RandomBlock()).Next();
        var milliseconds = (UInt128)(ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        return new InvocationId((milliseconds << 80) | ((UInt128)high << 64) | low);
    }

    /// <summary>Reads the 26 characters that <see cref="ToString"/> gives; letter case is ignored.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out InvocationId id)
    {
        id = default;
        if (text.Length != TextLength)
        {
            return false;
        }

        UInt128 value = 0;
        foreach (var c in text)
        {
            var digit = Alphabet.IndexOf(char.ToUpperInvariant(c), StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            value = (value << 5) | (uint)digit;
        }

        id = new InvocationId(value);
        return true;
    }

    /// <summary>Writes the text form as ASCII; <paramref name="destination"/> holds at least <see cref="TextLength"/> bytes.</summary>
    public void Format(Span<byte> destination)
    {
        var value = _value;
        for (var i = TextLength - 1; i >= 0; i--)
        {
            destination[i] = (byte)Alphabet[(int)((ulong)value & 31)];
            value >>= 5;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(TextLength, this, static (text, id) =>
    {
        Span<byte> ascii = stackalloc byte[TextLength];
        id.Format(ascii);
        for (var i = 0; i < ascii.Length; i++)
        {
            text[i] = (char)ascii[i];
        }
    });

    private sealed class RandomBlock
    {
        private readonly byte[] _bytes = new byte[1000];
        private int _used = 1000;

        public (ushort High, ulong Low) Next()
        {
            if (_used == _bytes.Length)
            {
                RandomNumberGenerator.Fill(_bytes);
                _used = 0;
            }

            var span = _bytes.AsSpan(_used, 10);
            _used += 10;
            return (BinaryPrimitives.ReadUInt16LittleEndian(span), BinaryPrimitives.ReadUInt64LittleEndian(span[2..]));
        }
    }
}
