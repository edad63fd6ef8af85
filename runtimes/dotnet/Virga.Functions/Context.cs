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

    /// <summary>The id by which other running calls send messages to this one.</summary>
    public string Id => call.Address;

    /// <summary>State that functions share.</summary>
    public SharedState State => field ??= new SharedState(call);

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

    /// <summary>Calls another function and gives what it answers.</summary>
    /// <typeparam name="TResult">What to read the answer as: text as a string, bytes as <c>byte[]</c>, JSON as any type.</typeparam>
    /// <param name="function"><c>NAME</c>, or <c>NAME:VERSION-OR-ALIAS</c>.</param>
    /// <param name="argument">
    /// The body of its event: a string as text, <c>byte[]</c> as bytes, anything else as JSON, in which <see cref="StateReference.To"/> stands for the
    /// value under a key; <see langword="null"/> for none.
    /// </param>
    /// <param name="cancellationToken">Gives up waiting, and cancels the called function.</param>
    /// <exception cref="FunctionFailedException">The function answered with a status of 400 or more.</exception>
    /// <exception cref="PlatformException">The function could not be called.</exception>
    public async ValueTask<TResult?> CallAsync<TResult>(string function, object? argument = null, CancellationToken cancellationToken = default) =>
        (await PeerRequests.CallAsync(call, function, argument, detached: false, cancellationToken)).As<TResult>();

    /// <summary>Calls another function and gives the whole of its answer.</summary>
    /// <inheritdoc cref="CallAsync{TResult}"/>
    public ValueTask<FunctionAnswer> CallAsync(string function, object? argument = null, CancellationToken cancellationToken = default) =>
        PeerRequests.CallAsync(call, function, argument, detached: false, cancellationToken);

    /// <summary>Starts a call of another function and goes on; the task has its answer. The called function goes on when this call has ended.</summary>
    /// <inheritdoc cref="CallAsync{TResult}"/>
    /// <param name="function"><c>NAME</c>, or <c>NAME:VERSION-OR-ALIAS</c>.</param>
    /// <param name="argument">The body of its event.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<TResult?> Start<TResult>(string function, object? argument = null, CancellationToken cancellationToken = default) =>
        StartAsync<TResult>(function, argument, cancellationToken);

    /// <summary>Sends a message to a running call of the same namespace.</summary>
    /// <returns>Whether it was handed over, or waits in the inbox of a call that could not be reached.</returns>
    /// <typeparam name="T">A string goes as text, <c>byte[]</c> as bytes, anything else as JSON.</typeparam>
    /// <param name="id">The <see cref="Id"/> of the running call.</param>
    /// <param name="message">The message, of at most 1 MiB.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may arrive all the same.</param>
    /// <exception cref="PlatformException">The message could not be sent: <c>mailbox-full</c> and others.</exception>
    public ValueTask<MessageDelivery> SendAsync<T>(string id, T message, CancellationToken cancellationToken = default) =>
        PeerRequests.SendAsync(call, id, message, cancellationToken);

    /// <summary>Waits for messages to this call.</summary>
    /// <returns>The messages, the oldest first; empty when none came in time.</returns>
    /// <param name="timeout">How long to wait for the first; as long as the call may run when it is not given.</param>
    /// <param name="most">The most messages to take.</param>
    /// <param name="cancellationToken">Gives up waiting; a message that is on its way then may be lost.</param>
    public ValueTask<IReadOnlyList<FunctionMessage>> ReceiveAsync(TimeSpan? timeout = null, int most = PeerRequests.MostMessages, CancellationToken cancellationToken = default) =>
        PeerRequests.ReceiveAsync(call, timeout ?? Timeout.InfiniteTimeSpan, most, time, cancellationToken);

    /// <summary>Publishes a message to a topic of the namespace.</summary>
    /// <returns>The message's id, when it is as durable as the topic promises.</returns>
    /// <typeparam name="T">A string goes as text, <c>byte[]</c> as bytes, anything else as JSON.</typeparam>
    /// <param name="topic"><c>NAME</c>, or the full name.</param>
    /// <param name="message">The message.</param>
    /// <param name="options">Its key, its properties and more.</param>
    /// <param name="cancellationToken">Gives up waiting; the message may be published all the same.</param>
    /// <exception cref="PlatformException">The message is not published, or it is not known whether it is.</exception>
    public ValueTask<string> PublishAsync<T>(string topic, T message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        PublishRequests.PublishAsync(call, topic, message, options ?? PublishOptions.None, cancellationToken);

    /// <summary>Publishes several messages together.</summary>
    /// <returns>Their ids, in their order.</returns>
    /// <typeparam name="T">What they carry.</typeparam>
    /// <param name="topic"><c>NAME</c>, or the full name.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="cancellationToken">Gives up waiting; messages may be published all the same.</param>
    /// <exception cref="PlatformException">The first that happened to one of them; others may be published.</exception>
    public ValueTask<IReadOnlyList<string>> PublishManyAsync<T>(string topic, IEnumerable<Publication<T>> messages, CancellationToken cancellationToken = default) =>
        PublishRequests.PublishManyAsync(call, topic, messages, cancellationToken);

    private async Task<TResult?> StartAsync<TResult>(string function, object? argument, CancellationToken cancellationToken) =>
        (await PeerRequests.CallAsync(call, function, argument, detached: true, cancellationToken)).As<TResult>();
}
