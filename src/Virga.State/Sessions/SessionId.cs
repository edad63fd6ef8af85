using System.Globalization;

namespace Virga.State.Sessions;

/// <summary>Names a session on all nodes; random, 128 bits.</summary>
/// <param name="Value">The number.</param>
public readonly record struct SessionId(UInt128 Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
