namespace Virga.Pulsar.Frames;

/// <summary>
/// The frame of Pulsar's protocol: the size of what follows (4 bytes), the size of the command (4 bytes), the command, and, for SEND and MESSAGE, an entry in the form in which it is kept. Numbers in network order.
/// </summary>
internal static class FrameFormat
{
    /// <summary>The two sizes that a frame begins with.</summary>
    public const int HeadSize = 2 * sizeof(int);

    /// <summary>What a frame may have beyond the largest message: command and metadata. Pulsar's brokers allow the same.</summary>
    public const int Padding = 10 * 1024;

    /// <summary>What an entry begins with that has a checksum.</summary>
    public const ushort Magic = 0x0e01;

    /// <summary>What an entry begins with to which a broker has added something that clients do not get.</summary>
    public const ushort BrokerMagic = 0x0e02;
}
