using Virga.Topics.Metadata;

namespace Virga.Topics.Logs;

/// <summary>
/// The record of a topic that this node owns: changed by one writer at a time, each write conditional on the last. A write whose outcome is not known (the connection broke) is
/// looked up before the next.
/// </summary>
internal sealed class OwnedRecord(string key, ITopicMetadata metadata, TopicRecord value, long version) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private TopicRecord _value = value;
    private long _version = version;
    private byte[]? _attempted;

    /// <summary>What is stored.</summary>
    public TopicRecord Value => Volatile.Read(ref _value);

    /// <inheritdoc cref="ChangeAsync(Func{TopicRecord, TopicRecord}, Func{IEnumerable{MetadataWrite}}, CancellationToken)"/>
    public ValueTask<TopicRecord> ChangeAsync(Func<TopicRecord, TopicRecord> change, CancellationToken cancellation) => ChangeAsync(change, null, cancellation);

    /// <summary>Changes it durably.</summary>
    /// <param name="change">Gives the new value from the present one; called once. The same object when there is nothing to write.</param>
    /// <param name="with">What is written besides, or not at all; asked after the new value was given. Null for nothing.</param>
    /// <param name="cancellation">Breaks off.</param>
    /// <exception cref="MetadataConflictException">The topic has another owner, or what was to be written besides conflicts.</exception>
    public async ValueTask<TopicRecord> ChangeAsync(Func<TopicRecord, TopicRecord> change, Func<IEnumerable<MetadataWrite>>? with, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await SettleAsync(cancellation);
            var next = change(_value);
            if (ReferenceEquals(next, _value))
            {
                return next;
            }

            _attempted = next.Write();
            var versions = await metadata.WriteAsync([new MetadataWrite(key, _attempted, _version), .. with?.Invoke() ?? []], cancellation);
            (_version, _attempted) = (versions[0], null);
            Volatile.Write(ref _value, next);
            return next;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async ValueTask SettleAsync(CancellationToken cancellation)
    {
        if (_attempted is not { } attempted)
        {
            return;
        }

        var stored = await metadata.GetAsync(key, cancellation);
        if (stored is { } found && found.Version != _version)
        {
            // It is ours when it is what we tried to write: no other owner writes our epoch.
            if (!found.Bytes.Span.SequenceEqual(attempted))
            {
                throw new MetadataConflictException(key, _version);
            }

            Volatile.Write(ref _value, TopicRecord.Read(found.Bytes));
            _version = found.Version;
        }
        else if (stored is null)
        {
            throw new MetadataConflictException(key, _version);
        }

        _attempted = null;
    }
}
