using Virga.Triggers.Dispatching;

namespace Virga.Triggers.Runs;

/// <summary>A call that has ended, on its way back to the loop.</summary>
/// <param name="Messages">What it was about.</param>
/// <param name="Again">For each message, whether it comes again.</param>
/// <param name="IsRefused">Whether the function was not called.</param>
internal sealed record EndedCall(List<HeldMessage> Messages, bool[] Again, bool IsRefused);
