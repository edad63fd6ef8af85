using System.Collections.Frozen;
using Virga.Core.Problems;
using Virga.Pulsar.Protocol;

namespace Virga.Pulsar.Errors;

/// <summary>
/// What a problem is called in Pulsar's protocol; the same table is in <c>docs/pulsar.md</c>. Clients go by the number: they come again after <see cref="ServerError.ServiceNotReady"/>, with a fresh lookup, and
/// after <see cref="ServerError.ProducerBlockedQuotaExceededError"/>; what is <see cref="ServerError.NotAllowedError"/> they give up at once.
/// </summary>
internal static class ServerErrors
{
    private static readonly FrozenDictionary<string, ServerError> s_table = new Dictionary<string, ServerError>(StringComparer.Ordinal)
    {
        ["invalid-name"] = ServerError.InvalidTopicName,
        ["not-found"] = ServerError.TopicNotFound,
        ["topic-moved"] = ServerError.ServiceNotReady,
        ["topic-terminated"] = ServerError.TopicTerminatedError,
        ["producer-busy"] = ServerError.ProducerBusy,
        ["producer-fenced"] = ServerError.ProducerFenced,
        ["consumer-busy"] = ServerError.ConsumerBusy,
        ["subscription-type-mismatch"] = ServerError.ConsumerBusy,
        ["key-range-taken"] = ServerError.ConsumerAssignError,
        ["schema-incompatible"] = ServerError.IncompatibleSchema,
        ["backlog-exceeded"] = ServerError.ProducerBlockedQuotaExceededError,
        ["message-too-large"] = ServerError.NotAllowedError,
        ["invalid-request"] = ServerError.NotAllowedError,
        ["conflict"] = ServerError.NotAllowedError,
        ["storage-full"] = ServerError.PersistenceError,
        ["ledgers-corrupted"] = ServerError.PersistenceError,
        ["ledgers-unavailable"] = ServerError.PersistenceError,
        ["topics-corrupted"] = ServerError.MetadataError,
        ["topics-unavailable"] = ServerError.MetadataError,
        ["cluster-unavailable"] = ServerError.MetadataError,
        ["unavailable"] = ServerError.ServiceNotReady,
        ["internal"] = ServerError.UnknownError,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The problems that have a number of their own.</summary>
    public static IReadOnlyDictionary<string, ServerError> Table => s_table;

    /// <summary>The number of a problem. One that is not in the table goes by whose fault it was: what the platform cannot do now may be asked of it again.</summary>
    public static ServerError Of(Problem problem) => s_table.TryGetValue(problem.Slug, out var error) ? error : problem.Fault switch
    {
        Fault.Platform => ServerError.ServiceNotReady,
        _ => ServerError.NotAllowedError,
    };

    /// <summary>What the client's user reads: what was wrong, and how to mend it.</summary>
    public static string Text(Problem problem) => problem.Fix is null ? problem.Detail ?? problem.Title : $"{problem.Detail ?? problem.Title} {problem.Fix}";
}
