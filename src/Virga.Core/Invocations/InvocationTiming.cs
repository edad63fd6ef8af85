namespace Virga.Core.Invocations;

/// <summary>Where an invocation's time went, up to the head of its answer.</summary>
/// <param name="Kind">What it took to have an instance for it.</param>
/// <param name="Queue">Waiting for an instance.</param>
/// <param name="Start">Starting and specialising, or cloning, an instance for it.</param>
/// <param name="Run">In the worker.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct InvocationTiming(StartKind Kind, TimeSpan Queue, TimeSpan Start, TimeSpan Run)
{
    /// <summary>Whether an instance was made for it.</summary>
    public bool Cold => Kind is StartKind.Cold or StartKind.Restored;

    /// <summary>The value of the header <c>Virga-Start</c>.</summary>
    public string StartText => Kind switch
    {
        StartKind.Warm => "warm",
        StartKind.Thawed => "thawed",
        StartKind.Restored => "restored",
        _ => "cold",
    };
}
