namespace Virga.Core.Invocations;

/// <summary>What it took to have an instance for a call.</summary>
public enum StartKind
{
    /// <summary>One was ready.</summary>
    Warm,

    /// <summary>One was frozen, and was woken.</summary>
    Thawed,

    /// <summary>One was cloned from the function's snapshot.</summary>
    Restored,

    /// <summary>One was started or specialised, and initialised.</summary>
    Cold,
}
