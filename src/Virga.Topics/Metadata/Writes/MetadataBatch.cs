namespace Virga.Topics.Metadata.Writes;

/// <summary>
/// Writes that share a transaction. What they come to is computed here, from the versions that are stored: in the order of their arrival, each all or nothing, so that one that
/// meets another version than it expects fails alone. Nobody hears of anything before the transaction is durable.
/// </summary>
internal sealed class MetadataBatch
{
    private readonly PendingWrite[] _writes;
    private readonly long[]?[] _versions;
    private readonly MetadataConflictException?[] _conflicts;
    private readonly SortedDictionary<MetadataKey, MetadataRow> _rows = new(MetadataKey.Order);

    public MetadataBatch(IReadOnlyList<PendingWrite> writes)
    {
        _writes = [.. writes];
        _versions = new long[]?[_writes.Length];
        _conflicts = new MetadataConflictException?[_writes.Length];
        foreach (var write in _writes)
        {
            for (var i = 0; i < write.Keys.Length; i++)
            {
                _rows.TryAdd(write.Keys[i], new MetadataRow(write.Keys[i]));
                Deletes |= write.Writes[i].Value is null;
            }
        }
    }

    /// <summary>The keys that the writes concern, in order.</summary>
    public IReadOnlyCollection<MetadataRow> Rows => _rows.Values;

    /// <summary>Whether any of the writes deletes.</summary>
    public bool Deletes { get; }

    /// <summary>No version that a deleted key ever had is greater.</summary>
    public long Floor { get; private set; }

    /// <summary>Forgets what was found and planned, to begin anew.</summary>
    public void Reset()
    {
        foreach (var row in _rows.Values)
        {
            (row.Stored, row.Version, row.Value, row.IsWritten) = (0, 0, default, false);
        }
    }

    /// <summary>Says which version of a key is stored.</summary>
    public void Found(MetadataKey key, long version)
    {
        var row = _rows[key];
        row.Stored = row.Version = version;
    }

    /// <summary>Computes what becomes of the rows.</summary>
    /// <param name="floor">No version that a deleted key ever had is greater.</param>
    /// <returns>Whether there is anything to write.</returns>
    public bool Plan(long floor)
    {
        Floor = floor;
        var writesAny = false;
        for (var i = 0; i < _writes.Length; i++)
        {
            _conflicts[i] = FindConflict(_writes[i]);
            _versions[i] = _conflicts[i] is null ? Apply(_writes[i]) : null;
            writesAny |= _conflicts[i] is null;
        }

        return writesAny;
    }

    /// <summary>Tells everybody what was planned: it is durable now.</summary>
    public void Complete()
    {
        for (var i = 0; i < _writes.Length; i++)
        {
            if (_versions[i] is { } versions)
            {
                _writes[i].Complete(versions);
            }
            else
            {
                _writes[i].Fail(_conflicts[i]!);
            }
        }
    }

    /// <summary>Tells everybody that it failed.</summary>
    public void Fail(Exception exception)
    {
        foreach (var write in _writes)
        {
            write.Fail(exception);
        }
    }

    private MetadataConflictException? FindConflict(PendingWrite write)
    {
        for (var i = 0; i < write.Keys.Length; i++)
        {
            if (write.Writes[i].Expected is { } expected && _rows[write.Keys[i]].Version != expected)
            {
                return new MetadataConflictException(write.Writes[i].Key, expected);
            }
        }

        return null;
    }

    private long[] Apply(PendingWrite write)
    {
        var versions = new long[write.Keys.Length];
        for (var i = 0; i < versions.Length; i++)
        {
            var row = _rows[write.Keys[i]];
            row.IsWritten = true;
            if (write.Writes[i].Value is { } value)
            {
                row.Version = (row.Version == 0 ? Floor : row.Version) + 1;
                row.Value = value;
            }
            else
            {
                Floor = Math.Max(Floor, row.Version);
                row.Version = 0;
                row.Value = default;
            }

            versions[i] = row.Version;
        }

        return versions;
    }
}
