namespace Virga.Composition.Platform;

/// <summary>What a function asks for: the first byte of its request. See <c>docs/worker-protocol.md</c>.</summary>
internal enum RequestKind : byte
{
    State = 0x01,
    Call = 0x02,
    Send = 0x03,
    Receive = 0x04,
    Publish = 0x05,
}
