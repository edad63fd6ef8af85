using System.Globalization;

namespace Virga.Topics.Ledgers;

/// <summary>Which of a topic's writers, counted: one with a greater epoch fences those before it. The owner of a topic takes the next one by a conditional write of the topic's metadata.</summary>
/// <param name="Value">The count, from 1.</param>
public readonly record struct WriterEpoch(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
