namespace Virga.Composition.Dags.Messages;

/// <summary>What a message about a run says; its first byte. The numbers are sent: they never change.</summary>
internal enum DagMessageKind : byte
{
    /// <summary>To the node of a step: one of its inputs.</summary>
    Input = 1,

    /// <summary>To all nodes of a plan: nothing of the attempt is wanted any more.</summary>
    Ended = 2,

    /// <summary>To where the run began: a step has ended.</summary>
    Step = 3,

    /// <summary>To where the run began: the result of a step that nothing follows.</summary>
    Sink = 4,

    /// <summary>To where the run began: a step failed for good.</summary>
    Failed = 5,

    /// <summary>To where the run began: something is lost, the run must start again.</summary>
    Lost = 6,
}
