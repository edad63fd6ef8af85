using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Virga.Topics.Messages;

/// <summary>Which message: the entry that holds it, the partition, and its place where the entry is a batch. As text <c>LEDGER:ENTRY[:PARTITION[:BATCH]]</c>.</summary>
/// <param name="Position">The entry.</param>
/// <param name="Partition">The partition; -1 where the topic has none.</param>
/// <param name="BatchIndex">The place in the batch, from 0; -1 where the entry is one message.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MessageId(Position Position, int Partition = -1, int BatchIndex = -1)
{
    /// <summary>Reads the form that <see cref="ToString"/> writes.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MessageId id)
    {
        id = default;
        var parts = text?.Split(':');
        if (parts is not { Length: >= 2 and <= 4 })
        {
            return false;
        }

        int partition = -1, batch = -1;
        if (!Read(parts[0], out long ledger) || !Read(parts[1], out long entry)
            || (parts.Length > 2 && !Read(parts[2], out partition)) || (parts.Length > 3 && !Read(parts[3], out batch)))
        {
            return false;
        }

        id = new MessageId(new Position(ledger, entry), partition, batch);
        return ledger >= -1 && entry >= -1 && partition >= -1 && batch >= -1;

        static bool Read<T>(string text, out T number)
            where T : INumberBase<T> => T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number!);
    }

    /// <inheritdoc/>
    public override string ToString() => BatchIndex >= 0 ? $"{Position}:{Partition}:{BatchIndex}" : Partition >= 0 ? $"{Position}:{Partition}" : Position.ToString();
}
