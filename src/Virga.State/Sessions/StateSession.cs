using Virga.Core.Invocations;
using Virga.Core.Resources;

namespace Virga.State.Sessions;

/// <summary>What a chain of invocations has read and written, as far as its consistency asks to remember it.</summary>
public sealed class StateSession : IInvocationSession
{
    internal StateSession(SessionId id, Consistency consistency)
    {
        Id = id;
        Consistency = consistency;
    }

    /// <summary>Names it on all nodes; a DAG that starts again has a new one.</summary>
    public SessionId Id { get; }

    /// <summary>What its reads may rely on; never <see cref="Consistency.Lww"/>, which needs no session.</summary>
    public Consistency Consistency { get; }

    /// <summary>Whether a version that it has read is gone: whatever runs in it must start again in another session.</summary>
    public bool IsLost { get; private set; }

    /// <summary>A version that it has read is gone. Said by whoever throws <see cref="SessionLostException"/>, since a function may catch what it gets of that.</summary>
    public void MarkLost() => IsLost = true;
}
