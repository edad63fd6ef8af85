namespace Virga.Functions.Wire;

/// <summary>What the bytes of a value are; the numbers are the protocol's.</summary>
internal enum ValueTag : byte
{
    Bytes = 0,
    Json = 1,
    Text = 2,
}
