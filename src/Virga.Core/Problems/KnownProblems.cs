namespace Virga.Core.Problems;

/// <summary>Every type of problem that Virga reports: one method each, so that type, status and fault are said once.</summary>
public static class KnownProblems
{
    /// <summary>400: the request cannot be read or breaks a rule.</summary>
    public static Problem InvalidRequest(string detail, string? fix = null) => Client("invalid-request", "The request is not valid", 400, detail, fix);

    /// <summary>400: a name breaks the rule for names.</summary>
    public static Problem InvalidName(string detail) => Client("invalid-name", "The name is not valid", 400, detail, $"Use {Names.ResourceName.Rule}.");

    /// <summary>400: a function's handler could not read the body as its content type says.</summary>
    public static Problem InvalidBody(string detail) => Client("invalid-body", "The request body is not what its content type says", 400, detail, "Send a body that matches the Content-Type header.");

    /// <summary>400: a key of shared state breaks the rule for keys.</summary>
    public static Problem InvalidKey(string detail) => Client("invalid-key", "The key is not valid", 400, detail, "Use 1 to 1024 bytes of UTF-8 without control characters.");

    /// <summary>400: an update or a query of shared state cannot be read, or asks for what cannot be.</summary>
    public static Problem InvalidUpdate(string detail) => Client("invalid-update", "The update or query is not valid", 400, detail, "See docs/state.md for the forms of updates and queries.");

    /// <summary>403: a key of shared state belongs to the platform.</summary>
    public static Problem ReservedKey(string detail) => Client("reserved-key", "The key belongs to the platform", 403, detail, "Use a key that does not begin with '$'.");

    /// <summary>403: a function or a trigger names what is not within its reach.</summary>
    public static Problem OutOfScope(string detail, string fix) => Client("out-of-scope", "It belongs to another namespace", 403, detail, fix);

    /// <summary>404: no route matches the request.</summary>
    public static Problem NoRoute(string detail) => Client("no-route", "No route matches", 404, detail, "See `virga route list`, or call /f/NAME.");

    /// <summary>404: a resource does not exist.</summary>
    public static Problem NotFound(string detail, string? fix = null) => Client("not-found", "No such resource", 404, detail, fix);

    /// <summary>405: the path exists, but not for this method.</summary>
    public static Problem MethodNotAllowed(string detail, string fix) => Client("method-not-allowed", "The route does not take this method", 405, detail, fix);

    /// <summary>408: the client sent its request too slowly.</summary>
    public static Problem RequestTooSlow(string detail) => Client("request-too-slow", "The request arrived too slowly", 408, detail, "Send the whole request at the network's speed.");

    /// <summary>409: the version that the client expected is not the current one.</summary>
    public static Problem StaleVersion(string detail) => Client("stale-version", "The resource has changed since it was read", 409, detail, "Read it again and repeat the change on what it is now.");

    /// <summary>409: something else stands in the way, such as a route with the same template or a resource that is still used.</summary>
    public static Problem Conflict(string detail, string fix) => Client("conflict", "The change conflicts with what exists", 409, detail, fix);

    /// <summary>409: a key holds another kind of value than the one that the change is about.</summary>
    public static Problem StateKindMismatch(string detail) => Client("state-kind-mismatch", "The key holds another kind of value", 409, detail, "Use another key, or delete this one first.");

    /// <summary>409: a conditional write met another version.</summary>
    public static Problem StateConditionFailed(string detail) => Client("state-condition-failed", "The key is not what the write expected", 409, detail, "Read the key again and repeat the write with its version.");

    /// <summary>409: a version that the session has read is gone; whoever began the session starts again.</summary>
    public static Problem SessionLost(string detail) => Platform("session-lost", "What the session has read is gone", 409, detail, "Call again: a new session begins.");

    /// <summary>410: a change feed was asked for changes that are no longer kept.</summary>
    public static Problem ChangesLost(string detail) => Client("changes-lost", "The changes asked for are no longer kept", 410, detail, "List the resources anew, then follow the feed from its newest sequence number.");

    /// <summary>413: a request body is over the limit.</summary>
    public static Problem BodyTooLarge(string detail) => Client("body-too-large", "The request body is over the limit", 413, detail, "Send less, or raise gateway.maxBody.");

    /// <summary>413: a package is over the limit.</summary>
    public static Problem PackageTooLarge(string detail) => Client("package-too-large", "The package is over the limit", 413, detail, "Leave out what the function does not need, or raise packages.maxSize.");

    /// <summary>413: a value of shared state is over the limit.</summary>
    public static Problem ValueTooLarge(string detail) => Client("value-too-large", "The value is over the limit", 413, detail, "Store at most 16 MiB under one key; split it over several.");

    /// <summary>413: what was asked for before has filled the answer; the worker asks again.</summary>
    public static Problem AnswerFull() => Client("answer-full", "The answer has no room for this result", 413, "The results before it fill the answer.", "Ask for it in a request of its own.");

    /// <summary>413: a request of a function, or the answer to it, is over the limit.</summary>
    public static Problem RequestTooLarge(string detail) => Client("request-too-large", "The function asked for too much at once", 413, detail, "Ask for less at a time: fewer keys in one request, or smaller values.");

    /// <summary>415: the content type is not one that the endpoint reads.</summary>
    public static Problem UnsupportedMediaType(string detail, string fix) => Client("unsupported-media-type", "The content type is not read here", 415, detail, fix);

    /// <summary>422: a package cannot be taken: a path out of it, a link out of it, no zip at all.</summary>
    public static Problem InvalidPackage(string detail, string fix) => Client("invalid-package", "The package cannot be used", 422, detail, fix);

    /// <summary>422: a spec is readable but asks for something that cannot be.</summary>
    public static Problem InvalidSpec(string detail, string? fix = null) => Client("invalid-spec", "The specification is not valid", 422, detail, fix);

    /// <summary>422: a DAG is readable but cannot be run: a circle, a node that does not exist, a condition that cannot hold.</summary>
    public static Problem InvalidDag(string detail, string? fix = null) => Client("invalid-dag", "The DAG is not valid", 422, detail, fix);

    /// <summary>422: the source does not compile; <c>diagnostics</c> says where.</summary>
    public static Problem BuildFailed(string detail, object diagnostics) => Client("build-failed", "The source does not compile", 422, detail, "Mend the source at the places named in diagnostics.") with
    {
        Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["diagnostics"] = diagnostics },
    };

    /// <summary>429: the function's queue is full.</summary>
    public static Problem TooManyCalls(string detail, TimeSpan? retryAfter = null) => Limit("too-many-calls", "The function is at its limit", 429, detail, "Try again after the time in Retry-After, or raise the function's maxInstances or concurrency.") with
    {
        RetryAfter = retryAfter,
    };

    /// <summary>429: a running function has too many messages that it did not receive yet.</summary>
    public static Problem MailboxFull(string detail) => Limit("mailbox-full", "The function does not receive its messages fast enough", 429, detail, "Send again later, or let the function receive more often.");

    /// <summary>499: the client went away before the answer.</summary>
    public static Problem ClientGone() => Client("client-gone", "The client went away", 499, "The connection was closed before the answer was ready.", null);

    /// <summary>500: the handler threw.</summary>
    public static Problem FunctionError(string type, string message, string? stack) => Function("function-error", "The function failed", 500, $"{type}: {message}", "See the function's log for this invocation.") with
    {
        Extensions = stack is null ? null : new Dictionary<string, object?>(StringComparer.Ordinal) { ["stack"] = stack },
    };

    /// <summary>500: the handler returned what cannot be sent.</summary>
    public static Problem InvalidAnswer(string type, string message) => Function("invalid-answer", "The function's answer cannot be sent", 500, $"{type}: {message}", "Return a value that has a JSON form, or an object with status, headers or body.");

    /// <summary>500: something in Virga itself failed.</summary>
    public static Problem Internal(string detail) => Platform("internal", "Virga itself failed", 500, detail, "See the node's log for this invocation.");

    /// <summary>A step of a DAG failed for good; status and fault are those of what failed, and <c>step</c>, <c>function</c> and <c>cause</c> name it. Where it was called, <c>invocation</c> is the last call.</summary>
    public static Problem DagStepFailed(string step, string function, Problem cause, string? invocation = null) => Make(
        "dag-step-failed",
        "A step of the DAG failed",
        cause.Status,
        cause.Fault,
        $"The step '{step}' (function '{function}') failed: {cause.Detail ?? cause.Title}",
        invocation is not null && cause.Fault == Fault.Function ? $"See `virga fn logs {function.Split(':')[0]} --invocation {invocation}`." : cause.Fix) with
    {
        RetryAfter = cause.RetryAfter,
        Extensions = invocation is null
            ? new Dictionary<string, object?>(StringComparer.Ordinal) { ["step"] = step, ["function"] = function, ["cause"] = cause.Slug }
            : new Dictionary<string, object?>(StringComparer.Ordinal) { ["step"] = step, ["function"] = function, ["cause"] = cause.Slug, ["invocation"] = invocation },
    };

    /// <summary>503: nodes, or versions that a run's session had read, were lost more often than the run may start again.</summary>
    public static Problem DagRunLost(string detail) => Platform("dag-run-lost", "The run lost what it needs too often", 503, detail, "Call the DAG again, or raise its retries.");

    /// <summary>503: the node on which a function was called, because it has the keys, did not answer; the function may have run.</summary>
    public static Problem CallLost(string detail) => Platform("call-lost", "The node that was called did not answer", 503, detail, "Call again if the function may run twice.");

    /// <summary>502: the function could not be loaded.</summary>
    public static Problem LoadFailed(string type, string message, string? location, string? stack) => Function("load-failed", "The function could not be loaded", 502, location is null ? $"{type}: {message}" : $"{location}: {type}: {message}", "Mend the source and deploy it again.") with
    {
        Extensions = stack is null ? null : new Dictionary<string, object?>(StringComparer.Ordinal) { ["stack"] = stack },
    };

    /// <summary>502: the instance ended, or broke the protocol, while it ran the call.</summary>
    public static Problem Crashed(string detail) => Function("crashed", "The function's instance ended during the call", 502, detail, "See the function's log; the next call gets a new instance.");

    /// <summary>502: the instance went over its memory limit.</summary>
    public static Problem OutOfMemory(string detail) => Limit("out-of-memory", "The function ran out of memory", 502, detail, "Raise the function's memory, or make it use less.");

    /// <summary>503: the node is shutting down, or cannot start instances now.</summary>
    public static Problem Unavailable(string detail, string fix) => Platform("unavailable", "The node cannot serve the call now", 503, detail, fix);

    /// <summary>503: shared state cannot be read or written now.</summary>
    public static Problem StateUnavailable(string detail) => Platform("state-unavailable", "Shared state cannot be reached now", 503, detail, "Try again; the node goes on with the keys that it has in memory.");

    /// <summary>503: more was written than could be stored in time.</summary>
    public static Problem StateOverloaded(string detail) => Platform("state-overloaded", "Shared state takes no more writes now", 503, detail, "Try again in a second: writes that were acknowledged are being stored.") with { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>503: a file of shared state cannot be read; the node does not start.</summary>
    public static Problem StateCorrupted(string detail, string fix) => Platform("state-corrupted", "Shared state cannot be used", 503, detail, fix);

    /// <summary>421: another node owns the topic; <c>owner</c> names it.</summary>
    public static Problem TopicMoved(string detail, Names.NodeName owner) => Platform("topic-moved", "Another node owns the topic", 421, detail, "Ask for the topic's owner again, and go there.") with
    {
        Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["owner"] = owner.Value },
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <summary>409: nothing is published to the topic any more.</summary>
    public static Problem TopicTerminated(string detail) => Client("topic-terminated", "The topic was ended", 409, detail, "Publish to another topic; what this one has can be consumed.");

    /// <summary>409: others stand in a producer's way.</summary>
    public static Problem ProducerBusy(string detail) => Client("producer-busy", "The topic has no room for the producer", 409, detail, "Use another name, or try again when the other producer is gone.");

    /// <summary>409: another producer has taken the topic for itself.</summary>
    public static Problem ProducerFenced(string detail) => Client("producer-fenced", "Another producer has the topic for itself", 409, detail, "Attach a new producer where this one may take the topic over.");

    /// <summary>409: a topic's policy does not take the schema.</summary>
    public static Problem SchemaIncompatible(string detail) => Client("schema-incompatible", "The topic does not take the schema", 409, detail, "Use the topic's schema, or change schemaCompatibility in its policies.");

    /// <summary>413: a message is greater than its topic takes.</summary>
    public static Problem MessageTooLarge(string detail) => Client("message-too-large", "The message is over the limit", 413, detail, "Send less, let the client send it in chunks, or raise maxMessageBytes in the topic's policies.");

    /// <summary>429: the topic's consumers are too far behind.</summary>
    public static Problem BacklogExceeded(string detail) => Limit("backlog-exceeded", "The topic's backlog is over its quota", 429, detail, "Try again when its subscriptions have caught up, or raise the backlog quota.") with
    {
        RetryAfter = TimeSpan.FromSeconds(10),
    };

    /// <summary>503: what the topics are cannot be read or written now.</summary>
    public static Problem TopicsUnavailable(string detail) => Platform("topics-unavailable", "The topics' metadata cannot be reached now", 503, detail, "Try again; look at the database's own log if it lasts.");

    /// <summary>503: the topics' metadata cannot be read.</summary>
    public static Problem TopicsCorrupted(string detail, string fix) => Platform("topics-corrupted", "The topics' metadata cannot be used", 503, detail, fix);

    /// <summary>503: the messages of topics cannot be read or written now.</summary>
    public static Problem LedgersUnavailable(string detail, string? fix = null) => Platform("ledgers-unavailable", "The ledgers cannot be reached now", 503, detail, fix ?? "Try again; what was acknowledged is kept.");

    /// <summary>503: the messages of a topic are damaged.</summary>
    public static Problem LedgersCorrupted(string detail, string fix) => Platform("ledgers-corrupted", "A ledger cannot be used", 503, detail, fix);

    /// <summary>503: another node has opened the data folder; the node does not start.</summary>
    public static Problem DataFolderInUse(string detail) => Platform("data-folder-in-use", "The data folder is in use by another node", 503, detail, "Stop the other node, or start this one with another --data folder.");

    /// <summary>503: another node of the cluster has this node's name; the node does not start.</summary>
    public static Problem NodeNameInUse(string detail) => Platform("node-name-in-use", "Another node has this name", 503, detail, "Start this node with another --node NAME, or stop the other one.");

    /// <summary>503: the cluster's database cannot be reached or used.</summary>
    public static Problem ClusterUnavailable(string detail) => Platform("cluster-unavailable", "The cluster's database cannot be used now", 503, detail, "Check that PostgreSQL runs, that --cluster names it, and that its user may make tables; then try again.");

    /// <summary>503: the metadata file cannot be read; the node does not start.</summary>
    public static Problem MetadataCorrupted(string detail, string fix) => Platform("metadata-corrupted", "The metadata file cannot be used", 503, detail, fix);

    /// <summary>504: the function did not answer in time.</summary>
    public static Problem Timeout(string detail) => Limit("timeout", "The function did not answer in time", 504, detail, "Make it faster, or raise the function's timeout.");

    /// <summary>508: functions call each other without end.</summary>
    public static Problem CallTooDeep(string detail) => Limit("call-too-deep", "Functions call each other too deeply", 508, detail, "Look for a function that calls itself, directly or by others; hand long chains over with ctx.callAsync or a DAG instead.");

    /// <summary>507: the disk is full.</summary>
    public static Problem StorageFull(string detail) => Platform("storage-full", "The node has no room to store this", 507, detail, "Free disk space on the node, then repeat the request; nothing of it was kept.");

    /// <summary>409: a subscription has no room for another consumer.</summary>
    public static Problem ConsumerBusy(string detail) => Client("consumer-busy", "The subscription takes no further consumer", 409, detail, "Wait until the other consumer is gone, use another subscription, or let several share one: failover, shared or key_shared.");

    /// <summary>409: those who are connected share a subscription in another way.</summary>
    public static Problem SubscriptionTypeMismatch(string detail) => Client("subscription-type-mismatch", "The subscription is shared in another way", 409, detail, "Subscribe as the others do, or when they are gone, or under another name.");

    /// <summary>409: a consumer asks for keys that another one takes.</summary>
    public static Problem KeyRangeTaken(string detail) => Client("key-range-taken", "Another consumer takes these keys", 409, detail, "Ask for ranges that do not overlap those of the others.");

    private static Problem Client(string slug, string title, int status, string detail, string? fix) => Make(slug, title, status, Fault.Client, detail, fix);

    private static Problem Function(string slug, string title, int status, string detail, string? fix) => Make(slug, title, status, Fault.Function, detail, fix);

    private static Problem Limit(string slug, string title, int status, string detail, string? fix) => Make(slug, title, status, Fault.Limit, detail, fix);

    private static Problem Platform(string slug, string title, int status, string detail, string? fix) => Make(slug, title, status, Fault.Platform, detail, fix);

    private static Problem Make(string slug, string title, int status, Fault fault, string detail, string? fix) =>
        new() { Type = Problem.TypePrefix + slug, Title = title, Status = status, Fault = fault, Detail = detail, Fix = fix };
}
