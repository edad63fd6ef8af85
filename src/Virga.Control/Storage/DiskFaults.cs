namespace Virga.Control.Storage;

/// <summary>Tells a full disk from other faults.</summary>
internal static class DiskFaults
{
    // errno values of Linux; .NET passes them on as the HResult of an IOException.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    public static bool IsFull(IOException exception) => exception.HResult is NoSpace or QuotaExceeded;
}
