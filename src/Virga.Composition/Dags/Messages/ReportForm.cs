using System.Buffers;
using Virga.Composition.Dags.Runs;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.State.Binary;

namespace Virga.Composition.Dags.Messages;

/// <summary>The binary form of a <see cref="StepReport"/>. Who ran the step is who sends it.</summary>
internal static class ReportForm
{
    public static void Write(IBufferWriter<byte> output, in StepReport report)
    {
        output.WriteVarint((ulong)report.Step);
        output.WriteByte((byte)report.Status);
        output.WriteVarint((ulong)report.Tries);
        output.WriteVarint((ulong)report.Duration.Ticks);
        output.WriteByte((byte)report.Timing.Kind);
        output.WriteVarint((ulong)report.Timing.Queue.Ticks);
        output.WriteVarint((ulong)report.Timing.Start.Ticks);
        output.WriteVarint((ulong)report.Timing.Run.Ticks);
    }

    /// <exception cref="StateEncodingException">It is none.</exception>
    public static StepReport Read(ref ByteReader reader, NodeName node, DagGraph graph)
    {
        var step = reader.ReadVarint();
        var status = (StepStatus)reader.ReadByte();
        if (step >= (ulong)graph.Steps.Count || !Enum.IsDefined(status))
        {
            throw new StateEncodingException("A report is of a step that does not exist.");
        }

        var tries = (int)Math.Min(reader.ReadVarint(), int.MaxValue);
        var duration = Span(ref reader);
        var kind = (StartKind)reader.ReadByte();
        return new StepReport((int)step, node, status, tries, duration, new InvocationTiming(Enum.IsDefined(kind) ? kind : StartKind.Warm, Span(ref reader), Span(ref reader), Span(ref reader)), 0);
    }

    private static TimeSpan Span(ref ByteReader reader) => TimeSpan.FromTicks((long)Math.Min(reader.ReadVarint(), long.MaxValue));
}
