using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.Composition.States;

/// <summary>One command of a function, as it stands in its request.</summary>
internal readonly record struct StateCommand
{
    /// <summary>The greatest number of commands in one request.</summary>
    public const int MaxCount = 10_000;

    private const byte TimeToLiveFlag = 1;
    private const byte ConditionFlag = 2;
    private const byte VersionWantedFlag = 1;
    private const byte VersionKnownFlag = 2;

    public required StateCommandKind Kind { get; init; }

    /// <summary>The key; of <see cref="StateCommandKind.List"/> and <see cref="StateCommandKind.Watch"/> the prefix.</summary>
    public required string Key { get; init; }

    /// <summary>Where the listing goes on; empty for its beginning.</summary>
    public string After { get; init; }

    /// <summary>Whether <see cref="Version"/> stands for something: of a get what the worker has, of a put what must be there.</summary>
    public bool HasVersion { get; init; }

    public StateVersion Version { get; init; }

    /// <summary>Whether the version of what is got is wanted.</summary>
    public bool WantsVersion { get; init; }

    /// <summary>Milliseconds that a value lives, -1 for good; or that is waited for changes.</summary>
    public long Milliseconds { get; init; }

    /// <summary>The amount of an increment, or the cursor of a watch, -1 for its end.</summary>
    public long Number { get; init; }

    /// <summary>How many keys or changes at most.</summary>
    public int Limit { get; init; }

    /// <summary>Where the value, update or query stands in the request.</summary>
    public int ValueStart { get; init; }

    /// <summary>Its length in bytes.</summary>
    public int ValueLength { get; init; }

    /// <summary>How many commands a request has.</summary>
    /// <exception cref="StateEncodingException">It cannot be read.</exception>
    public static int ReadCount(ref ByteReader reader)
    {
        var count = reader.ReadCount(leastBytes: 2);
        return count <= MaxCount ? count : throw new StateEncodingException($"A request may have {MaxCount} commands.");
    }

    /// <summary>Reads the next command.</summary>
    /// <param name="reader">The request.</param>
    /// <param name="length">The length of the whole request.</param>
    /// <exception cref="StateEncodingException">It cannot be read.</exception>
    public static StateCommand Read(ref ByteReader reader, int length)
    {
        var kind = (StateCommandKind)reader.ReadByte();
        var key = reader.ReadText();
        switch (kind)
        {
            case StateCommandKind.Get:
                var wanted = ReadFlags(ref reader, VersionWantedFlag | VersionKnownFlag);
                return new StateCommand
                {
                    Kind = kind,
                    Key = key,
                    WantsVersion = (wanted & VersionWantedFlag) != 0,
                    HasVersion = (wanted & VersionKnownFlag) != 0,
                    Version = (wanted & VersionKnownFlag) != 0 ? StateVersion.Read(reader.Take(StateVersion.Bytes)) : default,
                };
            case StateCommandKind.Put:
                var flags = ReadFlags(ref reader, TimeToLiveFlag | ConditionFlag);
                var value = ReadValue(ref reader, length, out var valueLength);
                return new StateCommand
                {
                    Kind = kind,
                    Key = key,
                    ValueStart = value,
                    ValueLength = valueLength,
                    Milliseconds = (flags & TimeToLiveFlag) != 0 ? ReadNumber(ref reader) : -1,
                    HasVersion = (flags & ConditionFlag) != 0,
                    Version = (flags & ConditionFlag) != 0 ? StateVersion.Read(reader.Take(StateVersion.Bytes)) : default,
                };
            case StateCommandKind.Delete:
                return new StateCommand { Kind = kind, Key = key };
            case StateCommandKind.List:
                return new StateCommand { Kind = kind, Key = key, After = reader.ReadText(), Limit = (int)ReadNumber(ref reader) };
            case StateCommandKind.Watch:
                return new StateCommand { Kind = kind, Key = key, Number = (long)Math.Min(reader.ReadVarint(), long.MaxValue) - 1, Milliseconds = ReadNumber(ref reader), Limit = (int)ReadNumber(ref reader) };
            case StateCommandKind.Update or StateCommandKind.Query:
                var json = reader.ReadBytes();
                return new StateCommand { Kind = kind, Key = key, ValueStart = length - reader.Rest.Length - json.Length, ValueLength = json.Length };
            case StateCommandKind.Increment:
                return new StateCommand { Kind = kind, Key = key, Number = reader.ReadSigned() };
            default:
                throw new StateEncodingException($"There is no command 0x{(byte)kind:x2}.");
        }
    }

    private static byte ReadFlags(ref ByteReader reader, int known)
    {
        var flags = reader.ReadByte();
        return (flags & ~known) == 0 ? flags : throw new StateEncodingException($"The flags 0x{flags:x2} are not all known.");
    }

    private static int ReadValue(ref ByteReader reader, int length, out int valueLength)
    {
        var value = reader.ReadBytes();
        if (value.IsEmpty || value[0] > (byte)PayloadTag.Text)
        {
            throw new StateEncodingException("A value begins with its tag, 0 to 2.");
        }

        valueLength = value.Length;
        return length - reader.Rest.Length - value.Length;
    }

    // But for a cursor, no number of a command is large: what is beyond a limit is refused with the limit, not for its size.
    private static long ReadNumber(ref ByteReader reader) => (long)Math.Min(reader.ReadVarint(), int.MaxValue);
}
