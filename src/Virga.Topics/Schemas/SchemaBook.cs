using System.Text.Json;
using Virga.Core.Problems;
using Virga.Topics.Metadata;
using Virga.Topics.Names;
using Virga.Topics.Policies;

namespace Virga.Topics.Schemas;

/// <summary>The versions of a topic's schema, for the topic as a whole. Stored together under <c>schema/NAME</c>: there are few.</summary>
public sealed class SchemaBook
{
    // More would be a client that makes its schema up anew each time.
    private const int MostVersions = 1000;
    private const int MostBytes = 1 << 20;
    private const int Attempts = 16;

    private readonly string _key;
    private readonly TopicName _topic;
    private readonly ITopicMetadata _metadata;
    private readonly TimeProvider _time;

    internal SchemaBook(TopicName topic, ITopicMetadata metadata, TimeProvider time) => (_topic, _key, _metadata, _time) = (topic.Whole, KeyOf(topic), metadata, time);

    /// <summary>Where a topic's versions are.</summary>
    internal static string KeyOf(TopicName topic) => $"schema/{topic.Whole}";

    /// <summary>A version, or the newest; null when there is none.</summary>
    public async ValueTask<SchemaVersion?> GetAsync(long? version, CancellationToken cancellation)
    {
        var (versions, _) = await ReadAsync(cancellation);
        var found = version is { } number ? (number >= 0 && number < versions.Count ? versions[(int)number] : null) : versions.Count > 0 ? versions[^1] : null;
        return found?.Definition is null ? null : found;
    }

    /// <summary>All versions, in their order.</summary>
    public async ValueTask<IReadOnlyList<SchemaVersion>> ListAsync(CancellationToken cancellation) => (await ReadAsync(cancellation)).Versions;

    /// <summary>The version that a schema has; null when it is not registered.</summary>
    public async ValueTask<SchemaVersion?> FindAsync(SchemaDefinition schema, CancellationToken cancellation) => Find((await ReadAsync(cancellation)).Versions, schema);

    /// <summary>Registers a schema; one that is registered has its version already.</summary>
    /// <exception cref="ProblemException"><c>schema-incompatible</c>: the policy refuses it.</exception>
    public async ValueTask<SchemaVersion> AddAsync(SchemaDefinition schema, SchemaCompatibility compatibility, CancellationToken cancellation)
    {
        if (schema.Data.Length > MostBytes)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"The schema of '{_topic}' has {schema.Data.Length} bytes; at most {MostBytes} are kept."));
        }

        for (var attempt = 1; ; attempt++)
        {
            var (versions, stored) = await ReadAsync(cancellation);
            if (Find(versions, schema) is { } known)
            {
                return known;
            }

            if (versions.Count >= MostVersions)
            {
                throw new ProblemException(KnownProblems.SchemaIncompatible($"'{_topic}' has {MostVersions} versions of its schema already."));
            }

            Require(versions, schema, compatibility);
            var added = new SchemaVersion(versions.Count, schema, _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (await TryWriteAsync([.. versions, added], stored, attempt, cancellation))
            {
                return added;
            }
        }
    }

    /// <summary>A consumer comes with a schema. Where the topic has none, it is registered; else it is not, and has to read what is there: forwards there is nothing to ask of it.</summary>
    /// <exception cref="ProblemException"><c>schema-incompatible</c>: it could not.</exception>
    public async ValueTask UseAsync(SchemaDefinition schema, SchemaCompatibility compatibility, CancellationToken cancellation)
    {
        var (versions, _) = await ReadAsync(cancellation);
        if (Present(versions).Count == 0)
        {
            await AddAsync(schema, compatibility, cancellation);
        }
        else if (Find(versions, schema) is null)
        {
            Require(versions, schema, SchemaRules.OfConsumers(compatibility));
        }
    }

    /// <summary>Deletes the schema: a version that says so, so that numbers are not used again.</summary>
    public async ValueTask<long> DeleteAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (versions, stored) = await ReadAsync(cancellation);
            if (await TryWriteAsync([.. versions, new SchemaVersion(versions.Count, null, _time.GetUtcNow().ToUnixTimeMilliseconds())], stored, attempt, cancellation))
            {
                return versions.Count;
            }
        }
    }

    private void Require(IReadOnlyList<SchemaVersion> versions, SchemaDefinition schema, SchemaCompatibility compatibility)
    {
        if (SchemaRules.Obstacle(compatibility, Present(versions), schema) is { } obstacle)
        {
            throw new ProblemException(KnownProblems.SchemaIncompatible($"'{_topic}' does not take the schema: {obstacle}."));
        }
    }

    // Behind the last deletion.
    private static List<SchemaDefinition> Present(IReadOnlyList<SchemaVersion> versions) =>
        [.. versions.Reverse().TakeWhile(static version => version.Definition is not null).Select(static version => version.Definition!).Reverse()];

    private async ValueTask<(IReadOnlyList<SchemaVersion> Versions, long Version)> ReadAsync(CancellationToken cancellation)
    {
        if (await _metadata.GetAsync(_key, cancellation) is not { } stored)
        {
            return ([], 0);
        }

        var record = JsonSerializer.Deserialize(stored.Bytes.Span, SchemaJson.Default.SchemaRecord) ?? throw new JsonException($"The schema of {_topic} is null.");
        return (record.Versions, stored.Version);
    }

    private async ValueTask<bool> TryWriteAsync(IReadOnlyList<SchemaVersion> versions, long expected, int attempt, CancellationToken cancellation)
    {
        try
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(new SchemaRecord { Versions = versions }, SchemaJson.Default.SchemaRecord);
            await _metadata.WriteAsync([new MetadataWrite(_key, bytes, expected)], cancellation);
            return true;
        }
        catch (MetadataConflictException) when (attempt < Attempts)
        {
            // Another client has registered one meanwhile.
            return false;
        }
    }

    // Only behind the last deletion: what was deleted is registered anew.
    private static SchemaVersion? Find(IReadOnlyList<SchemaVersion> versions, SchemaDefinition schema)
    {
        for (var i = versions.Count - 1; i >= 0 && versions[i].Definition is { } definition; i--)
        {
            if (definition.Means(schema))
            {
                return versions[i];
            }
        }

        return null;
    }
}
