namespace Virga.Worker.Channel;

/// <summary>Sizes that the protocol fixes, in bytes.</summary>
internal static class FrameLimits
{
    /// <summary>The length field itself.</summary>
    public const int Prefix = 4;

    /// <summary>The length field and what comes before the header.</summary>
    public const int Head = 13;

    /// <summary>What the length field counts at least: kind, call and header length.</summary>
    public const int SmallestLength = Head - Prefix;

    public const int GreatestLength = (1024 + 64) * 1024;

    public const int GreatestHeader = 1024 * 1024;

    /// <summary>A result with a larger body is streamed.</summary>
    public const int InlineBody = 64 * 1024;

    public const int StreamedBody = 256 * 1024;

    /// <summary>What each direction of a call may send before it is given more.</summary>
    public const int InitialCredit = 1024 * 1024;
}
