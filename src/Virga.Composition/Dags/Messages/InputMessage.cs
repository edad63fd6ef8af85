using System.Buffers;
using Virga.Composition.Dags.Plans;
using Virga.Composition.Dags.Runs;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.State.Binary;

namespace Virga.Composition.Dags.Messages;

/// <summary>One input of a step, with all that its node needs to run it and to hand the result on.</summary>
internal sealed class InputMessage
{
    private const int MaxPlanNodes = 4096;

    /// <summary>Which DAG: its name and version on the run's node, and the digest of its spec, by which a node knows whether it has it.</summary>
    public required DagName Dag { get; init; }

    /// <summary>Its version on the run's node.</summary>
    public required long Version { get; init; }

    /// <summary>Digest of its spec.</summary>
    public required UInt128 Digest { get; init; }

    /// <summary>Its spec as JSON, where the receiver did not know the digest; else null.</summary>
    public required byte[]? Spec { get; init; }

    /// <summary>The time that the run has left: a duration, since nodes' clocks may differ.</summary>
    public required TimeSpan Remaining { get; init; }

    /// <summary>W3C trace context of the run.</summary>
    public required string? TraceParent { get; init; }

    /// <summary>Which node runs which step; the first of its nodes is where the run began.</summary>
    public required DagPlan Plan { get; init; }

    /// <summary>The step.</summary>
    public required int Step { get; init; }

    /// <summary>Which of its inputs.</summary>
    public required int Input { get; init; }

    /// <summary>The input; null when the edge did not fire.</summary>
    public required StepValue? Value { get; init; }

    /// <summary>What the session has seen; empty without one.</summary>
    public required byte[] Session { get; init; }

    /// <summary>Writes one for an attempt; the value comes last and is not copied before it gets there.</summary>
    public static void Write(IBufferWriter<byte> output, DagAttempt attempt, UInt128 digest, byte[]? spec, DagStep step, int input, StepValue? value, ReadOnlySpan<byte> session)
    {
        new RunHeader(DagMessageKind.Input, attempt.Run, attempt.Number).Write(output);
        output.WriteText(attempt.Dag.Name.Scope.Tenant.Value);
        output.WriteText(attempt.Dag.Name.Scope.Namespace.Value);
        output.WriteText(attempt.Dag.Name.Name.Value);
        output.WriteVarint((ulong)attempt.Dag.Version);
        output.WriteUInt64((ulong)(digest >> 64));
        output.WriteUInt64((ulong)digest);
        output.WriteBytes(spec);
        output.WriteVarint((ulong)attempt.Remaining.TotalMilliseconds);
        output.WriteText(attempt.TraceParent ?? "");
        output.WriteVarint((ulong)attempt.Plan.Nodes.Count);
        foreach (var node in attempt.Plan.Nodes)
        {
            output.WriteText(node.Value);
        }

        output.WriteVarint((ulong)attempt.Plan.Assigned.Length);
        foreach (var assigned in attempt.Plan.Assigned)
        {
            output.WriteVarint(assigned);
        }

        output.WriteVarint((ulong)step.Index);
        output.WriteVarint((ulong)input);
        output.WriteBytes(session);
        ValueForm.Write(output, value);
    }

    /// <summary>Reads what follows the header.</summary>
    /// <exception cref="StateEncodingException">It is none.</exception>
    public static InputMessage Read(ref ByteReader reader)
    {
        var dag = new DagName(new Scope(Name(ref reader), Name(ref reader)), Name(ref reader));
        var version = (long)reader.ReadVarint();
        var digest = new UInt128(reader.ReadUInt64(), reader.ReadUInt64());
        var spec = reader.ReadBytes();
        var remaining = TimeSpan.FromMilliseconds(Math.Min(reader.ReadVarint(), (ulong)TimeSpan.FromDays(2).TotalMilliseconds));
        var traceParent = reader.ReadText();
        var plan = ReadPlan(ref reader);
        return new InputMessage
        {
            Dag = dag,
            Version = version,
            Digest = digest,
            Spec = spec.IsEmpty ? null : spec.ToArray(),
            Remaining = remaining,
            TraceParent = traceParent.Length == 0 ? null : traceParent,
            Plan = plan,
            Step = (int)Math.Min(reader.ReadVarint(), DagRules.MaxNodes),
            Input = (int)Math.Min(reader.ReadVarint(), DagRules.MaxEdges),
            Session = reader.ReadBytes().ToArray(),
            Value = ValueForm.Read(ref reader),
        };
    }

    private static DagPlan ReadPlan(ref ByteReader reader)
    {
        var nodes = new NodeName[Math.Min(reader.ReadCount(2), MaxPlanNodes)];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = new NodeName(Name(ref reader));
        }

        var assigned = new ushort[reader.ReadCount()];
        for (var i = 0; i < assigned.Length; i++)
        {
            var node = reader.ReadVarint();
            assigned[i] = node < (ulong)nodes.Length ? (ushort)node : throw new StateEncodingException("A plan names a node that it does not have.");
        }

        return nodes.Length > 0 ? DagPlan.Restore(nodes, assigned) : throw new StateEncodingException("A plan has no nodes.");
    }

    private static ResourceName Name(ref ByteReader reader) =>
        ResourceName.TryParse(reader.ReadText(), out var name) ? name : throw new StateEncodingException("A message about a run has no valid name.");
}
