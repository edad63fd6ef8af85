namespace Virga.Composition.States;

/// <summary>What a function does with shared state: the first byte of a command. See <c>docs/worker-protocol.md</c>.</summary>
internal enum StateCommandKind : byte
{
    Get = 0x01,
    Put = 0x02,
    Delete = 0x03,
    List = 0x04,
    Watch = 0x05,
    Update = 0x06,
    Query = 0x07,
    Increment = 0x08,
}
