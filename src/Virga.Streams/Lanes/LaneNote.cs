using System.Globalization;
using System.Runtime.InteropServices;
using Virga.Topics.Messages;

namespace Virga.Streams.Lanes;

/// <summary>
/// Where a lane stands, stored with the acknowledgements of its cursor in one write: a lane that starts again goes on from a state that it really was in, and comes to the same windows
/// and the same numbers of answers.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LaneNote
{
    /// <summary>Which count of answers this is: a new one begins when somebody moves the subscription, so that what is then handled again is published again.</summary>
    public required long Generation { get; init; }

    /// <summary>The entry of the last message that was taken into account.</summary>
    public required Position Taken { get; init; }

    /// <summary>That message's place in its batch.</summary>
    public required int TakenIndex { get; init; }

    /// <summary>How many messages were taken.</summary>
    public required long Messages { get; init; }

    /// <summary>How many calls of the function they led to.</summary>
    public required long Works { get; init; }

    /// <summary>The watermark; <see cref="long.MinValue"/> for none.</summary>
    public required long Watermark { get; init; }

    /// <summary>The note of a lane that begins.</summary>
    public static LaneNote Begin(long generation) =>
        new() { Generation = generation, Taken = Position.Earliest, TakenIndex = -1, Messages = 0, Works = 0, Watermark = long.MinValue };

    /// <summary>Whether a message was taken into account already.</summary>
    public bool Covers(Position position, int index) => position < Taken || (position == Taken && index <= TakenIndex);

    /// <summary>The form in which it is stored.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"1 {Generation} {Taken.Ledger} {Taken.Entry} {TakenIndex} {Messages} {Works} {Watermark}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, out LaneNote note)
    {
        note = default;
        var parts = text?.Split(' ');
        if (parts is not { Length: 8 } || parts[0] != "1")
        {
            return false;
        }

        Span<long> numbers = stackalloc long[7];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (!long.TryParse(parts[i + 1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return false;
            }
        }

        note = new LaneNote
        {
            Generation = numbers[0],
            Taken = new Position(numbers[1], numbers[2]),
            TakenIndex = (int)numbers[3],
            Messages = numbers[4],
            Works = numbers[5],
            Watermark = numbers[6],
        };
        return true;
    }
}
