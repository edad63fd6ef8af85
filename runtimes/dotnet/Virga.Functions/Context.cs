namespace Virga.Functions;

/// <summary>What surrounds one call of the function.</summary>
public sealed class Context
{
    private readonly CallHead head;
    private readonly FunctionIdentity identity;
    private readonly ICall call;
    private readonly TimeProvider time;

    internal Context(CallHead head, FunctionIdentity identity, ICall call, TimeProvider time)
    {
        this.head = head;
        this.identity = identity;
        this.call = call;
        this.time = time;
    }

    /// <summary>The id of this call: also in the response's <c>Virga-Invocation-Id</c>, in logs and in traces.</summary>
    public string InvocationId => head.Id;

    /// <summary>The function's name.</summary>
    public string Function => identity.Function;

    /// <summary>The function's namespace.</summary>
    public string Namespace => identity.Namespace;

    /// <summary>The tenant that owns the function.</summary>
    public string Tenant => identity.Tenant;

    /// <summary>The function's version that runs.</summary>
    public int Version => identity.Version;

    /// <summary>When the caller stops waiting; an answer after it is discarded.</summary>
    public DateTimeOffset Deadline => head.Deadline is { } milliseconds
        ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
        : DateTimeOffset.MaxValue;

    /// <summary>The time until <see cref="Deadline"/>; zero when it has passed.</summary>
    public TimeSpan Remaining
    {
        get
        {
            TimeSpan left = Deadline - time.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Which attempt at this call it is, from 1.</summary>
    public int Attempt => head.Attempt;

    /// <summary>The W3C <c>traceparent</c> of this call; <see langword="null"/> when it is not traced.</summary>
    public string? TraceParent => head.TraceParent;

    /// <summary>Cancelled when nobody waits for the answer any more: the client left, the deadline passed, or the node stops.</summary>
    public CancellationToken CancellationToken => call.CancellationToken;

    /// <summary>The logger of this call.</summary>
    public FunctionLog Log => field ??= new FunctionLog(call);
}
