namespace Virga.Worker.Channel;

/// <summary>What a frame means; the numbers are the protocol's.</summary>
internal enum FrameKind : byte
{
    Hello = 0x01,
    Specialise = 0x02,
    Specialised = 0x03,
    Shutdown = 0x04,
    Restore = 0x05,
    Restored = 0x06,
    Call = 0x10,
    Result = 0x11,
    Error = 0x12,
    Cancel = 0x13,
    Body = 0x14,
    End = 0x15,
    Window = 0x16,
    Log = 0x17,
    Message = 0x18,
    Ask = 0x20,
    Answer = 0x21,
    Withdraw = 0x22,
}
