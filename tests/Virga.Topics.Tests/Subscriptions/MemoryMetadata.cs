using Virga.Topics.Ledgers;
using Virga.Topics.Metadata;

namespace Virga.Topics.Tests.Subscriptions;

/// <summary>Metadata that outlive their broker, with faults on demand.</summary>
internal sealed class MemoryMetadata : ITopicMetadata
{
    private readonly Dictionary<string, MetadataValue> _values = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How a write waits; null for not at all.</summary>
    public Func<Task>? Writing { get; set; }

    /// <summary>What a write throws before it takes effect; null for nothing.</summary>
    public Func<Exception?>? FailingBefore { get; set; }

    /// <summary>What a write throws although it took effect; null for nothing.</summary>
    public Func<Exception?>? FailingAfter { get; set; }

    /// <summary>Told of each write that took effect, at once.</summary>
    public Action<MetadataWrite>? Written { get; set; }

    public int Writes { get; private set; }

    public ValueTask OpenAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask<MetadataValue?> GetAsync(string key, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<MetadataValue?>(_values.TryGetValue(key, out var value) ? value : null);
        }
    }

    public async ValueTask<long[]> WriteAsync(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation)
    {
        if (Writing is { } writing)
        {
            await writing();
        }

        if (FailingBefore?.Invoke() is { } before)
        {
            throw before;
        }

        var versions = new long[writes.Count];
        lock (_gate)
        {
            foreach (var write in writes)
            {
                var version = _values.TryGetValue(write.Key, out var value) ? value.Version : 0;
                if (write.Expected is { } expected && expected != version)
                {
                    throw new MetadataConflictException(write.Key, expected);
                }
            }

            for (var i = 0; i < writes.Count; i++)
            {
                Writes++;
                if (writes[i].Value is { } bytes)
                {
                    versions[i] = (_values.TryGetValue(writes[i].Key, out var value) ? value.Version : 0) + 1;
                    _values[writes[i].Key] = new MetadataValue(bytes.ToArray(), versions[i]);
                }
                else
                {
                    _values.Remove(writes[i].Key);
                }

                Written?.Invoke(writes[i]);
            }
        }

        return FailingAfter?.Invoke() is { } after ? throw after : versions;
    }

    public ValueTask<IReadOnlyList<KeyValuePair<string, MetadataValue>>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, MetadataValue>>>(
                [.. _values.Where(value => value.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(value.Key, after) > 0).OrderBy(value => value.Key, StringComparer.Ordinal).Take(limit)]);
        }
    }

    public ValueTask<LedgerId> NextLedgerAsync(CancellationToken cancellation) => throw new NotSupportedException("Subscriptions make no ledgers.");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
