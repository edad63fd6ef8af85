using System.Buffers;
using Virga.Composition.Platform;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Queries;
using Virga.State.Records;
using Virga.State.Sessions;
using Virga.State.Stores;
using Virga.State.Updates;

namespace Virga.Composition.States;

/// <summary>Carries out what functions do with shared state: many commands in one request, each with its own result.</summary>
internal sealed class StateCommands(StateEngine engine)
{
    private readonly StateFeeds _feeds = new(engine.Replica);

    /// <summary>Answers when all commands are gets of what the node has in memory.</summary>
    /// <exception cref="StateEncodingException">The request cannot be read.</exception>
    public bool TryAnswer(Invocation call, ReadOnlySpan<byte> request, IBufferWriter<byte> answer)
    {
        var reader = new ByteReader(request);
        var count = StateCommand.ReadCount(ref reader);
        var scope = ScopeOf(call);
        var session = call.Session as StateSession;
        answer.WriteOk();
        answer.WriteVarint((ulong)count);
        var results = new StateResults(answer);
        for (var i = 0; i < count; i++)
        {
            if (reader.IsAtEnd || reader.Rest[0] != (byte)StateCommandKind.Get)
            {
                return false;
            }

            var command = StateCommand.Read(ref reader, request.Length);
            if (!IsUsersKey(command.Key) || !engine.TryRead(session, new StateKey(scope, command.Key), out var record))
            {
                return false;
            }

            results.Found(record, command);
        }

        return reader.IsAtEnd;
    }

    /// <summary>Carries out all commands, in their order.</summary>
    /// <exception cref="StateEncodingException">The request cannot be read; nothing was done.</exception>
    public async ValueTask AnswerAsync(Invocation call, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        var commands = Read(request.Span, out var count);
        try
        {
            answer.WriteOk();
            answer.WriteVarint((ulong)count);
            var run = new StateRun(engine, ScopeOf(call), call.Session as StateSession, request, new StateResults(answer), _feeds, cancellation);
            for (var i = 0; i < count; i++)
            {
                await run.AddAsync(commands[i]);
            }

            await run.FinishAsync();
        }
        finally
        {
            ArrayPool<StateCommand>.Shared.Return(commands, clearArray: true);
        }
    }

    private static bool IsUsersKey(string text) => StateKey.IsValid(text) && text[0] != StateKey.PlatformMark;

    private static Scope ScopeOf(Invocation call) => new(call.Function.Name.Tenant, call.Function.Name.Namespace);

    // All of them before the first is carried out: a request that cannot be read does nothing.
    private static StateCommand[] Read(ReadOnlySpan<byte> request, out int count)
    {
        var reader = new ByteReader(request);
        count = StateCommand.ReadCount(ref reader);
        var commands = ArrayPool<StateCommand>.Shared.Rent(count);
        for (var i = 0; i < count; i++)
        {
            commands[i] = StateCommand.Read(ref reader, request.Length);
        }

        return reader.IsAtEnd ? commands : throw new StateEncodingException("Something follows the last command.");
    }
}
