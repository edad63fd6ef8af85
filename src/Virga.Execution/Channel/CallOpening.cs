using Virga.Core.Invocations;

namespace Virga.Execution.Channel;

/// <summary>What is known of a call when it goes to its instance.</summary>
/// <param name="Kind">What it took to have an instance for it.</param>
/// <param name="Queued">How long it waited.</param>
/// <param name="Starting">How long its instance's start took of that.</param>
/// <param name="Deadline">When it must have ended, as <see cref="TimeProvider.GetTimestamp"/>.</param>
/// <param name="DeadlineUnixMilliseconds">The same for the worker.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct CallOpening(StartKind Kind, TimeSpan Queued, TimeSpan Starting, long Deadline, long DeadlineUnixMilliseconds);
