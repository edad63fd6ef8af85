using System.Text.Json;
using Virga.Composition.Dags.Runs;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Sessions;

namespace Virga.Composition.Dags.Messages;

/// <summary>Takes what other nodes say of runs. What is late, of an earlier attempt, or said twice, changes nothing.</summary>
internal sealed class DagReceiver(DagServices services, DagRunBook book)
{
    private readonly VisitingRuns _visits = new(services);

    /// <summary>Begins to listen.</summary>
    public void Listen()
    {
        services.Link.Handle(NodeTopic.DagStep, OnStep);
        services.Link.Handle(NodeTopic.DagResult, OnResult);
    }

    /// <summary>Nodes have come or gone: what runs here for one that is gone is dropped.</summary>
    public void OnViewChanged(ClusterView view) => _visits.DropOrphans(view);

    /// <summary>Forgets runs of other nodes that must have ended.</summary>
    public void Sweep() => _visits.Sweep();

    /// <summary>Drops all.</summary>
    public void Close() => _visits.Close();

    private ValueTask<ReadOnlyMemory<byte>> OnStep(NodeName from, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        try
        {
            var reader = new ByteReader(body.Span);
            var header = RunHeader.Read(ref reader);
            if (header.Kind == DagMessageKind.Ended)
            {
                _visits.End(header.Run, header.Attempt);
            }
            else if (header.Kind == DagMessageKind.Input)
            {
                return new(Take(header, InputMessage.Read(ref reader)));
            }
        }
        catch (Exception exception) when (exception is StateEncodingException or JsonException or ProblemException)
        {
            DagLog.Unreadable(services.Logger, from.Value, exception);
        }

        return new(DagMessenger.Taken);
    }

    private ReadOnlyMemory<byte> Take(RunHeader header, InputMessage message)
    {
        var digests = services.Messenger.Digests;
        var dag = digests.Find(message.Dag, message.Version, message.Digest) ?? (message.Spec is { } spec ? digests.Learn(message.Dag, message.Version, spec) : null);
        if (dag is null)
        {
            Drop(message.Value);
            return DagMessenger.NeedsSpec;
        }

        if (!Fits(dag, message) || Find(header, message, dag) is not { } attempt)
        {
            Drop(message.Value);
            return DagMessenger.Taken;
        }

        attempt.Deliver(dag.Graph.Steps[message.Step], message.Input, message.Value, message.Session.Length == 0 ? null : services.State?.Import(dag.Name.Scope, message.Session));
        return DagMessenger.Taken;
    }

    // An input may come back to the node where the run began: that is the run's own attempt.
    private DagAttempt? Find(RunHeader header, InputMessage message, Dag dag) => message.Plan.Nodes[0] == services.Self
        ? book.FindActive(header.Run)?.Current(header.Attempt)
        : _visits.Find(header.Run, header.Attempt, message, dag);

    private ValueTask<ReadOnlyMemory<byte>> OnResult(NodeName from, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        try
        {
            var reader = new ByteReader(body.Span);
            var header = RunHeader.Read(ref reader);
            if (book.FindActive(header.Run) is { } run && run.Current(header.Attempt) is { } attempt)
            {
                OnResult(from, header.Kind, run, attempt, ref reader);
            }
        }
        catch (StateEncodingException unreadable)
        {
            DagLog.Unreadable(services.Logger, from.Value, unreadable);
        }

        return new(DagMessenger.Taken);
    }

    private void OnResult(NodeName from, DagMessageKind kind, DagRun run, DagAttempt attempt, ref ByteReader reader)
    {
        switch (kind)
        {
            case DagMessageKind.Step:
                run.StepEnded(attempt, ReportForm.Read(ref reader, from, run.Dag.Graph));
                break;
            case DagMessageKind.Sink:
                var step = (int)Math.Min(reader.ReadVarint(), DagRules.MaxNodes);
                var metadata = reader.ReadBytes();
                StateSession? session = metadata.IsEmpty ? null : services.State?.Import(run.Dag.Name.Scope, metadata);
                var value = ValueForm.Read(ref reader);
                if (step < run.Dag.Graph.Steps.Count && run.Dag.Graph.Steps[step] is { IsSink: true } sink)
                {
                    run.SinkEnded(attempt, sink, value, session);
                }
                else
                {
                    Drop(value);
                }

                break;
            case DagMessageKind.Failed:
                run.Failed(attempt, ProblemForm.Read(ref reader));
                break;
            case DagMessageKind.Lost:
                run.Lost(attempt, reader.ReadText());
                break;
            default:
                throw new StateEncodingException($"A message of the kind {kind} is none about a result.");
        }
    }

    private bool Fits(Dag dag, InputMessage message)
    {
        var steps = dag.Graph.Steps;
        return message.Step < steps.Count
            && message.Input < Math.Max(1, steps[message.Step].Inputs.Count)
            && (message.Plan.IsLocal || message.Plan.Assigned.Length == steps.Count)
            && message.Plan.NodeOf(message.Step) == services.Self;
    }

    private void Drop(StepValue? value)
    {
        if (value is not null)
        {
            services.Work.Release(value);
        }
    }
}
