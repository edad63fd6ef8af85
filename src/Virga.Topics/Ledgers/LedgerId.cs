using System.Globalization;

namespace Virga.Topics.Ledgers;

/// <summary>The number of a ledger: one ledger's only, for as long as the store exists, whether the ledger lives or not. Numbers come from <see cref="Metadata.ITopicMetadata.NextLedgerAsync"/>.</summary>
/// <param name="Value">The number, from 0.</param>
public readonly record struct LedgerId(long Value) : IComparable<LedgerId>
{
    /// <inheritdoc/>
    public int CompareTo(LedgerId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Order of the numbers.</summary>
    public static bool operator <(LedgerId left, LedgerId right) => left.Value < right.Value;

    /// <summary>Order of the numbers.</summary>
    public static bool operator <=(LedgerId left, LedgerId right) => left.Value <= right.Value;

    /// <summary>Order of the numbers.</summary>
    public static bool operator >(LedgerId left, LedgerId right) => left.Value > right.Value;

    /// <summary>Order of the numbers.</summary>
    public static bool operator >=(LedgerId left, LedgerId right) => left.Value >= right.Value;
}
