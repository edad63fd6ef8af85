namespace Virga.State.Lattices;

/// <summary>What a payload's content is. The numbers are stored and sent: they never change.</summary>
public enum PayloadTag : byte
{
    /// <summary>Bytes.</summary>
    Bytes = 0,

    /// <summary>A JSON value, UTF-8.</summary>
    Json = 1,

    /// <summary>Text, UTF-8.</summary>
    Text = 2,
}
