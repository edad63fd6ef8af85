using System.Runtime.InteropServices;

namespace Virga.Topics.Subscriptions;

/// <summary>How much is delivered at most, in a second.</summary>
/// <param name="Messages">Messages; 0 for no limit.</param>
/// <param name="Bytes">Bytes; 0 for no limit.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DispatchRate(long Messages = 0, long Bytes = 0)
{
    /// <summary>Whether anything is limited.</summary>
    public bool IsLimited => Messages > 0 || Bytes > 0;
}
