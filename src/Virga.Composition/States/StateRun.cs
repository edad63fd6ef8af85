using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Queries;
using Virga.State.Records;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Updates;

namespace Virga.Composition.States;

/// <summary>
/// The commands of one request while they are carried out. Writes that follow each other are begun one after the other and awaited together, so that they reach the disk
/// together; before anything that could see the difference they are awaited.
/// </summary>
internal sealed class StateRun(
    StateEngine engine,
    Scope scope,
    StateSession? session,
    ReadOnlyMemory<byte> request,
    StateResults results,
    StateFeeds feeds,
    CancellationToken cancellation)
{
    private readonly List<PendingWrite> _writes = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    /// <summary>Carries out the next command, or begins to.</summary>
    public async ValueTask AddAsync(StateCommand command)
    {
        if (command.Kind is StateCommandKind.Increment or StateCommandKind.Update or StateCommandKind.Delete || command is { Kind: StateCommandKind.Put, HasVersion: false })
        {
            await BeginAsync(command);
            return;
        }

        await FinishAsync();
        try
        {
            await ExecuteAsync(command);
        }
        catch (ProblemException e)
        {
            results.Fail(e.Problem);
        }
        catch (SessionLostException e)
        {
            session?.MarkLost();
            results.Fail(KnownProblems.SessionLost(e.Message));
        }
    }

    /// <summary>Awaits what was begun.</summary>
    public async ValueTask FinishAsync()
    {
        foreach (var write in _writes)
        {
            try
            {
                Write(write, await write.Done);
            }
            catch (ProblemException e)
            {
                results.Fail(e.Problem);
            }
            catch (SessionLostException e)
            {
                session?.MarkLost();
                results.Fail(KnownProblems.SessionLost(e.Message));
            }
        }

        _writes.Clear();
        _keys.Clear();
    }

    private async ValueTask BeginAsync(StateCommand command)
    {
        // Writes of one key happen in their order, and an answer that is nearly full takes no write whose result might not fit.
        if (!_keys.Add(command.Key))
        {
            await FinishAsync();
            _keys.Add(command.Key);
        }

        if (command.Kind == StateCommandKind.Update)
        {
            await FinishAsync();
            if (!results.HasRoom)
            {
                results.Fail(KnownProblems.AnswerFull());
                return;
            }
        }

        var write = new PendingWrite { Command = command };
        write.Begin(ApplyAsync(write));
        _writes.Add(write);
    }

    private async ValueTask<StateRecord?> ApplyAsync(PendingWrite write)
    {
        var command = write.Command;
        var key = StateKey.RequireUsers(scope, command.Key);
        switch (command.Kind)
        {
            case StateCommandKind.Put:
                return await engine.ApplyAsync(session, key, Put(command), cancellation);
            case StateCommandKind.Increment:
                return await engine.ApplyAsync(session, key, new IncrementMutation(command.Number), cancellation);
            case StateCommandKind.Update:
                write.Update = StateUpdate.Parse(Slice(command));
                return await engine.ApplyAsync(session, key, write.Update, cancellation);
            default:
                write.Existed = await ReadAsync(key) is not null;
                return write.Existed ? await engine.ApplyAsync(session, key, new DeleteMutation(), cancellation) : null;
        }
    }

    private void Write(PendingWrite write, StateRecord? record)
    {
        switch (write.Command.Kind)
        {
            case StateCommandKind.Put:
                results.Version(record!);
                break;
            case StateCommandKind.Increment:
                results.Number(IncrementMutation.ValueOf(record));
                break;
            case StateCommandKind.Update:
                results.Value(write.Update!.ResultOf(record!));
                break;
            default:
                results.Flag(write.Existed);
                break;
        }
    }

    private async ValueTask ExecuteAsync(StateCommand command)
    {
        switch (command.Kind)
        {
            case StateCommandKind.Get:
                results.Found(await ReadAsync(StateKey.RequireUsers(scope, command.Key)), command);
                return;
            case StateCommandKind.Put:
                await PutIfAsync(command);
                return;
        }

        if (!results.HasRoom)
        {
            results.Fail(KnownProblems.AnswerFull());
            return;
        }

        switch (command.Kind)
        {
            case StateCommandKind.Query:
                var query = StateQuery.Parse(Slice(command));
                results.Value(query.AnswerOf(await ReadAsync(StateKey.RequireUsers(scope, command.Key))));
                break;
            case StateCommandKind.List:
                var (items, hasMore) = await feeds.ListAsync(scope, command.Key, command.After, command.Limit, cancellation);
                results.Keys(items, hasMore);
                break;
            case StateCommandKind.Watch:
                var (changes, cursor) = await feeds.ChangesAsync(scope, command, results.Room, cancellation);
                results.Changes(changes, cursor);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(command), command.Kind, null);
        }
    }

    private async ValueTask PutIfAsync(StateCommand command)
    {
        var (held, record) = await engine.ApplyIfAsync(session, StateKey.RequireUsers(scope, command.Key), new StateCondition(command.Version), Put(command), cancellation);
        if (!held)
        {
            throw new ProblemException(KnownProblems.StateConditionFailed(
                command.Version == StateVersion.Absent ? $"The key '{ResourceName.Shorten(command.Key)}' exists already." : $"The key '{ResourceName.Shorten(command.Key)}' no longer has the version that the write expected."));
        }

        results.Version(record!);
    }

    private ValueTask<StateRecord?> ReadAsync(StateKey key) =>
        engine.TryRead(session, key, out var record) ? new ValueTask<StateRecord?>(record) : engine.ReadAsync(session, key, cancellation);

    // The request's memory is given back with the answer; a value stays.
    private PutMutation Put(in StateCommand command) =>
        new(PutValue.Read(command.Key, Slice(command)), command.Milliseconds < 0 ? null : TimeSpan.FromMilliseconds(command.Milliseconds));

    private ReadOnlyMemory<byte> Slice(in StateCommand command) => request.Slice(command.ValueStart, command.ValueLength);

    private sealed class PendingWrite
    {
        public required StateCommand Command { get; init; }

        public ValueTask<StateRecord?> Done { get; private set; }

        public StateUpdate? Update { get; set; }

        public bool Existed { get; set; }

        // Awaited once, when the run is finished.
        public void Begin(ValueTask<StateRecord?> done) => Done = done;
    }
}
