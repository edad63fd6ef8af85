namespace Virga.Core.Storage;

/// <summary>Tells a full disk from other faults.</summary>
public static class DiskFaults
{
    // errno values of Linux; .NET passes them on as the HResult of an IOException.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    /// <summary>Whether the disk, or the user's share of it, is full.</summary>
    public static bool IsFull(IOException exception) => exception.HResult is NoSpace or QuotaExceeded;
}
