using Virga.Core.Problems;

namespace Virga.Triggers.Calls;

/// <summary>What became of a call of a trigger's function.</summary>
internal abstract record CallOutcome
{
    private CallOutcome()
    {
    }

    /// <summary>The function has answered.</summary>
    /// <param name="FailedAt">For each message of a batch, whether the function says that it has failed at it; null for none.</param>
    /// <param name="Answers">For each message, what is to be published, or null; null where nothing is.</param>
    internal sealed record Answered(bool[]? FailedAt, OutputMessage?[]? Answers) : CallOutcome;

    /// <summary>The function has failed at all of it.</summary>
    /// <param name="Problem">How.</param>
    internal sealed record Failed(Problem Problem) : CallOutcome;

    /// <summary>The function was not called, for want of an instance, of the function itself, or of something of the node: nothing is known of the messages.</summary>
    /// <param name="Problem">Why.</param>
    internal sealed record Refused(Problem Problem) : CallOutcome;
}
