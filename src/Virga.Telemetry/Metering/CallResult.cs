using Virga.Core.Invocations;

namespace Virga.Telemetry.Metering;

/// <summary>How a call counts. The values stand in files.</summary>
internal enum CallResult : byte
{
    /// <summary>The function answered, whatever the status.</summary>
    Ok = 0,

    /// <summary>It failed, ran into a limit, or its instance did.</summary>
    Error = 1,

    /// <summary>It was not run.</summary>
    Rejected = 2,

    /// <summary>The client went away.</summary>
    Cancelled = 3,
}

/// <summary>How outcomes count.</summary>
internal static class CallResults
{
    /// <summary>How an outcome counts.</summary>
    public static CallResult Of(Outcome outcome) => outcome switch
    {
        Outcome.Result => CallResult.Ok,
        Outcome.Rejected => CallResult.Rejected,
        Outcome.Cancelled => CallResult.Cancelled,
        _ => CallResult.Error,
    };
}
