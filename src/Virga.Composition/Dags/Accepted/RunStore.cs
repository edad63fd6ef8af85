using System.Text;
using System.Text.Json;
using Virga.Composition.Dags.Api;
using Virga.Composition.Dags.Steps;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Replicas;
using Virga.State.Stores;

namespace Virga.Composition.Dags.Accepted;

/// <summary>
/// Accepted runs in shared state, under keys that are the platform's: <c>$dag/open/RUN</c> until the end, then <c>$dag/runs/DAG/RUN</c> and <c>$dag/output/DAG/RUN</c> for a day.
/// </summary>
internal sealed class RunStore(IStateReplica replica)
{
    private const string OpenPrefix = "$dag/open/";
    private const int Page = 100;
    private const int MostListed = 1000;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    /// <summary>Keeps a new run. When it returns, the run survives the end of the node.</summary>
    public async ValueTask AddAsync(AcceptedRun run, CancellationToken cancellation) =>
        await replica.ApplyIfAsync(OpenKey(run.Dag.Scope, run.Id), new StateCondition(StateVersion.Absent), new PutMutation(run.ToPayload()), cancellation);

    /// <summary>Changes a run's owner, if nobody has changed or ended it since it was read.</summary>
    /// <returns>Whether it was changed.</returns>
    public async ValueTask<bool> TryTakeAsync(AcceptedRun taken, StateVersion read, CancellationToken cancellation) =>
        (await replica.ApplyIfAsync(OpenKey(taken.Dag.Scope, taken.Id), new StateCondition(read), new PutMutation(taken.ToPayload()), cancellation)).Held;

    /// <summary>The runs of a scope that have not ended, each with the version in which it was read.</summary>
    public async IAsyncEnumerable<(AcceptedRun Run, StateVersion Version)> OpenAsync(Scope scope, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        string? after = null;
        while (true)
        {
            var page = await replica.ListAsync(scope, OpenPrefix, after, Page, cancellation);
            foreach (var (key, record) in page.Items)
            {
                after = key.Text;
                if (record.Value is LwwRegister register)
                {
                    yield return (AcceptedRun.Read(scope, register.Payload), record.Version);
                }
            }

            if (!page.HasMore || page.Items.Count == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>A run that has not ended; null when there is none.</summary>
    public async ValueTask<AcceptedRun?> FindOpenAsync(DagName dag, InvocationId run, CancellationToken cancellation) =>
        (await replica.ReadAsync(OpenKey(dag.Scope, run), cancellation))?.Value is LwwRegister register && AcceptedRun.Read(dag.Scope, register.Payload) is { } open && open.Dag == dag ? open : null;

    /// <summary>Keeps a run's end for a day.</summary>
    public async ValueTask EndAsync(DagName dag, InvocationId id, DagRunDocument document, StepValue? output, CancellationToken cancellation)
    {
        if (output is not null)
        {
            var type = Encoding.UTF8.GetBytes(output.ContentType ?? MediaTypes.Json);
            var bytes = new byte[2 + type.Length + output.Body.Length];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)type.Length);
            type.CopyTo(bytes, 2);
            System.Buffers.BuffersExtensions.CopyTo(output.Body, bytes.AsSpan(2 + type.Length));
            await replica.ApplyAsync(Key(dag, "output", id), new PutMutation(Payload.Of(PayloadTag.Bytes, bytes), Kept), null, cancellation);
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(document, DagJson.Default.DagRunDocument);
        await replica.ApplyAsync(Key(dag, "runs", id), new PutMutation(Payload.Of(PayloadTag.Json, json), Kept), null, cancellation);

        // Last: what ends before it is run again, and gives the same end.
        await replica.ApplyAsync(OpenKey(dag.Scope, id), new DeleteMutation(), null, cancellation);
    }

    /// <summary>A run that has ended; null when there is none.</summary>
    public async ValueTask<DagRunDocument?> FindAsync(DagName dag, InvocationId run, CancellationToken cancellation) => Document(await replica.ReadAsync(Key(dag, "runs", run), cancellation));

    /// <summary>The kept runs of a DAG that have ended.</summary>
    public async ValueTask<IReadOnlyList<DagRunDocument>> ListAsync(DagName dag, CancellationToken cancellation)
    {
        var page = await replica.ListAsync(dag.Scope, $"$dag/runs/{dag.Name}/", null, MostListed, cancellation);
        return [.. page.Items.Select(item => Document(item.Record)).OfType<DagRunDocument>()];
    }

    /// <summary>The output of a run that has ended; null when there is none.</summary>
    public async ValueTask<(string Type, ReadOnlyMemory<byte> Body)?> OutputAsync(DagName dag, InvocationId run, CancellationToken cancellation)
    {
        if ((await replica.ReadAsync(Key(dag, "output", run), cancellation))?.Value is not LwwRegister { Payload.Content: { Length: > 2 } content })
        {
            return null;
        }

        var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(content.Span);
        return (Encoding.UTF8.GetString(content.Span.Slice(2, length)), content[(2 + length)..]);
    }

    private static DagRunDocument? Document(StateRecord? record) =>
        record?.Value is LwwRegister register ? JsonSerializer.Deserialize(register.Payload.Content.Span, DagJson.Default.DagRunDocument) : null;

    private static StateKey OpenKey(Scope scope, InvocationId run) => new(scope, OpenPrefix + run);

    private static StateKey Key(DagName dag, string kind, InvocationId run) => new(dag.Scope, $"$dag/{kind}/{dag.Name}/{run}");
}
