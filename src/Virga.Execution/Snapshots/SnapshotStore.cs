using Microsoft.Extensions.Logging;
using Virga.Core.Resources;
using Virga.Execution.Sandboxes;
using Virga.Execution.Scaling;

namespace Virga.Execution.Snapshots;

/// <summary>
/// The snapshots of a node, one folder each. A folder appears under its name only when it is complete and on disk. The
/// last use of a snapshot is its manifest's time of change, so that it is known after a restart. Safe for concurrent use.
/// </summary>
internal sealed partial class SnapshotStore
{
    private const string Unfinished = ".unfinished-";
    private const string Removed = ".removed-";
    private static readonly TimeSpan s_firstBackOff = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestBackOff = TimeSpan.FromHours(1);

    private readonly SnapshotOptions _options;
    private readonly GvisorLauncher _gvisor;
    private readonly SnapshotKeys _keys;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    // How long after its time a failure is still remembered, for the next one to be waited out longer.
    private static readonly TimeSpan LongestMemory = TimeSpan.FromHours(1);

    private static readonly TimeSpan LongestCheckpoint = TimeSpan.FromMinutes(1);

    // What is left of the disk for metadata, logs and packages.
    private const long DiskReserve = 256L << 20;

    private readonly Lock _gate = new();
    private readonly FairGate _writing = new(1);
    private readonly Dictionary<string, StoredSnapshot> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (DateTimeOffset Until, TimeSpan BackOff)> _failures = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taking = new(StringComparer.Ordinal);
    private int _folders;
    private long _taken;
    private long _restored;
    private long _invalid;
    private long _failed;
    private long _evicted;

    private SnapshotStore(SnapshotOptions options, GvisorLauncher gvisor, TimeProvider time, ILogger logger)
    {
        _options = options;
        _gvisor = gvisor;
        _keys = new SnapshotKeys(gvisor.Fingerprint);
        _time = time;
        _logger = logger;
    }

    /// <summary>What became of snapshots so far.</summary>
    internal SnapshotCounters Counters
    {
        get
        {
            lock (_gate)
            {
                return new SnapshotCounters(_taken, Interlocked.Read(ref _restored), _invalid, _failed, _evicted, _stored.Count, _stored.Values.Sum(stored => stored.Manifest.Bytes));
            }
        }
    }

    /// <summary>Opens the folder: what an earlier run did not finish is removed, of the rest only the manifests are read.</summary>
    /// <exception cref="IOException">The folder cannot be made or read.</exception>
    internal static SnapshotStore Open(SnapshotOptions options, GvisorLauncher gvisor, TimeProvider time, ILogger logger)
    {
        var store = new SnapshotStore(options, gvisor, time, logger);
        ScratchDirectory.Create(options.Directory);
        foreach (string directory in Directory.EnumerateDirectories(options.Directory))
        {
            store.Load(directory);
        }

        return store;
    }

    /// <summary>The key of the snapshot that a function version would have now.</summary>
    internal SnapshotKey KeyOf(FunctionVersion function, EnvironmentSpec environment) => _keys.KeyOf(function, environment);

    /// <summary>
    /// The snapshot, known to be undamaged; null when there is none. The first time in a node run it is read to its end,
    /// later its files' sizes and times are compared. A damaged one is removed.
    /// </summary>
    internal Snapshot? Find(SnapshotKey key)
    {
        StoredSnapshot? stored;
        lock (_gate)
        {
            stored = _stored.GetValueOrDefault(key.Digest);
        }

        if (stored is null)
        {
            return null;
        }

        if (stored.Damage(_gvisor.Fingerprint) is { } damage)
        {
            Discard(stored, damage);
            return null;
        }

        stored.Use(_time.GetUtcNow());
        return new Snapshot(key, stored.Directory, stored.Manifest.Bytes, stored.Manifest.Created);
    }

    /// <summary>Removes a snapshot that is of no use.</summary>
    internal void Invalidate(Snapshot snapshot, string why)
    {
        StoredSnapshot? stored;
        lock (_gate)
        {
            stored = _stored.GetValueOrDefault(snapshot.Key.Digest);
        }

        // Another may have been taken since.
        if (stored is not null && string.Equals(stored.Directory, snapshot.Directory, StringComparison.Ordinal))
        {
            Discard(stored, why);
        }
    }

    /// <summary>Whether one should be taken: there is none, none is being taken, and it is not long since it failed.</summary>
    internal bool MayTake(SnapshotKey key)
    {
        lock (_gate)
        {
            return key.Keep > TimeSpan.Zero && !_stored.ContainsKey(key.Digest) && !_taking.Contains(key.Digest) && !(_failures.TryGetValue(key.Digest, out var failure) && _time.GetUtcNow() < failure.Until);
        }
    }

    /// <summary>
    /// Keeps the state of a process that has its function and has served nothing; the process ends by it. Null when that did
    /// not work (the process ended, the disk is full, another is being taken): nothing of it is left, and
    /// <see cref="MayTake"/> says no for a while.
    /// </summary>
    internal async Task<Snapshot?> TakeAsync(SandboxProcess process, SnapshotKey key, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_stored.ContainsKey(key.Digest) || !_taking.Add(key.Digest))
            {
                return null;
            }
        }

        string unfinished = Path.Combine(_options.Directory, Unfinished + Guid.NewGuid().ToString("n"));
        try
        {
            // One at a time: each may be as large as its function's memory.
            using var turn = await _writing.EnterAsync(this, StartPriority.Background, cancellation);
            using var patience = new CancellationTokenSource(LongestCheckpoint, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
            RequireRoom(process.ResidentBytes());
            ScratchDirectory.Create(unfinished);
            await _gvisor.CheckpointAsync(process, unfinished, either.Token);
            return await Task.Run(() => Keep(unfinished, key), cancellation);
        }
        catch (Exception failure) when (failure is SandboxException or SnapshotException or IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            CountFailure(key, failure.Message);
            return null;
        }
        finally
        {
            ScratchDirectory.Remove(unfinished);
            lock (_gate)
            {
                _taking.Remove(key.Digest);
            }
        }
    }

    /// <summary>Makes a sandbox and lets the snapshot continue in it. <see cref="Instances.Instance.RestoreAsync"/> comes next.</summary>
    /// <exception cref="SandboxException">The sandbox cannot be made.</exception>
    internal async Task<SandboxProcess> RestoreAsync(Snapshot snapshot, SandboxSpec spec, FunctionSpec function, string packageDirectory, CancellationToken cancellation)
    {
        await using PreparedSandbox prepared = await _gvisor.PrepareAsync(spec, cancellation);
        return Restore(snapshot, prepared, function, packageDirectory);
    }

    /// <summary>Lets the snapshot continue in a sandbox that was made ahead, whose owner gives it up; takes a few milliseconds.</summary>
    /// <exception cref="SandboxException">The sandbox has ended.</exception>
    internal SandboxProcess Restore(Snapshot snapshot, PreparedSandbox prepared, FunctionSpec function, string packageDirectory)
    {
        SandboxProcess process = prepared.Restore(snapshot.Directory, packageDirectory, function.Memory.Bytes, function.Cpu);
        Interlocked.Increment(ref _restored);
        return process;
    }

    /// <summary>Removes the snapshots of a function version that takes no calls any more: they hold its variables.</summary>
    internal void Drop(string function)
    {
        StoredSnapshot[] stored;
        lock (_gate)
        {
            stored = [.. _stored.Values.Where(snapshot => string.Equals(snapshot.Manifest.Function, function, StringComparison.Ordinal))];
        }

        foreach (StoredSnapshot old in stored)
        {
            Evict(old, "its function version takes no calls any more");
        }
    }

    /// <summary>Removes what was not used for as long as it is kept, then the least recently used until the rest is within the budget.</summary>
    internal void Sweep()
    {
        DateTimeOffset now = _time.GetUtcNow();
        StoredSnapshot[] stored;
        lock (_gate)
        {
            stored = [.. _stored.Values];
        }

        foreach (StoredSnapshot old in stored.Where(snapshot => snapshot.LastUse + snapshot.Manifest.Keep < now))
        {
            Evict(old, "it was not used for as long as it is kept");
        }

        MakeRoom(0);
        lock (_gate)
        {
            foreach (string over in _failures.Where(failure => failure.Value.Until + LongestMemory < now).Select(failure => failure.Key).ToList())
            {
                _failures.Remove(over);
            }
        }
    }

    private void Load(string directory)
    {
        SnapshotManifest? manifest = SnapshotManifest.Read(directory);
        bool isNamedSo = manifest is not null && Path.GetFileName(directory).StartsWith(manifest.Key + "-", StringComparison.Ordinal);
        if (!isNamedSo || !_stored.TryAdd(manifest!.Key, new StoredSnapshot(directory, manifest)))
        {
            bool wasComplete = !Path.GetFileName(directory).StartsWith('.');
            ScratchDirectory.Remove(directory);
            if (wasComplete)
            {
                _invalid++;
                LogDiscarded(_logger, Path.GetFileName(directory), "its manifest cannot be read");
            }
        }
    }

    // Before it is written: what fills the disk stops more than snapshots.
    private void RequireRoom(long bytes)
    {
        if (bytes > _options.BudgetBytes)
        {
            throw new SnapshotException($"It would have some {bytes} bytes; all snapshots together may have {_options.BudgetBytes}.");
        }

        MakeRoom(bytes);
        long free = new DriveInfo(_options.Directory).AvailableFreeSpace;
        if (bytes + DiskReserve > free)
        {
            throw new SnapshotException($"It would have some {bytes} bytes; the disk has {free} left, of which {DiskReserve} are for others.");
        }
    }

    private Snapshot Keep(string unfinished, SnapshotKey key)
    {
        var manifest = new SnapshotManifest(SnapshotManifest.CurrentFormat, key.Digest, key.Function, _gvisor.Fingerprint, _time.GetUtcNow(), key.Keep, SnapshotImage.Seal(unfinished));
        if (manifest.Bytes > _options.BudgetBytes)
        {
            throw new SnapshotException($"It has {manifest.Bytes} bytes; all snapshots together may have {_options.BudgetBytes}.");
        }

        MakeRoom(manifest.Bytes);
        manifest.Write(unfinished);

        // A name of its own: clones of an earlier one with the same key may still be reading that.
        string directory = Path.Combine(_options.Directory, $"{key.Digest}-{Interlocked.Increment(ref _folders)}-{_time.GetUtcNow().ToUnixTimeMilliseconds()}");
        DurableFolder.Move(unfinished, directory);
        var stored = new StoredSnapshot(directory, manifest);
        stored.Use(manifest.Created);
        lock (_gate)
        {
            _stored[key.Digest] = stored;
            _failures.Remove(key.Digest);
            _taken++;
        }

        LogTaken(_logger, key.Function, manifest.Bytes);
        return new Snapshot(key, directory, manifest.Bytes, manifest.Created);
    }

    private void MakeRoom(long bytes)
    {
        while (true)
        {
            StoredSnapshot? oldest;
            lock (_gate)
            {
                long total = _stored.Values.Sum(stored => stored.Manifest.Bytes) + bytes;
                oldest = total > _options.BudgetBytes ? _stored.Values.MinBy(stored => stored.LastUse) : null;
            }

            if (oldest is null)
            {
                return;
            }

            Evict(oldest, "all snapshots together use more than they may");
        }
    }

    private void Evict(StoredSnapshot stored, string why)
    {
        if (Remove(stored, ref _evicted))
        {
            LogEvicted(_logger, stored.Manifest.Function, why);
        }
    }

    private void Discard(StoredSnapshot stored, string why)
    {
        if (Remove(stored, ref _invalid))
        {
            LogDiscarded(_logger, stored.Manifest.Function, why);
        }
    }

    private bool Remove(StoredSnapshot stored, ref long counter)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_stored.GetValueOrDefault(stored.Manifest.Key), stored))
            {
                return false;
            }

            _stored.Remove(stored.Manifest.Key);
            counter++;
        }

        // Out of sight at once; what is left of it when the node ends now is removed at its next start.
        string removed = Path.Combine(_options.Directory, Removed + Path.GetFileName(stored.Directory));
        try
        {
            Directory.Move(stored.Directory, removed);
            ScratchDirectory.Remove(removed);
        }
        catch (DirectoryNotFoundException)
        {
            return true; // Somebody else removed it: that was the damage.
        }

        return true;
    }

    private void CountFailure(SnapshotKey key, string why)
    {
        lock (_gate)
        {
            _failed++;
            TimeSpan backOff = _failures.TryGetValue(key.Digest, out var last) ? TimeSpan.FromTicks(Math.Min(last.BackOff.Ticks * 2, s_longestBackOff.Ticks)) : s_firstBackOff;
            _failures[key.Digest] = (_time.GetUtcNow() + backOff, backOff);
        }

        LogFailed(_logger, key.Function, why);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Snapshot of {Function} taken: {Bytes} bytes")]
    private static partial void LogTaken(ILogger logger, string function, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Snapshot of {Function} could not be taken: {Reason}")]
    private static partial void LogFailed(ILogger logger, string function, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Snapshot of {Function} removed, the next start is a cold one: {Reason}")]
    private static partial void LogDiscarded(ILogger logger, string function, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Snapshot of {Function} removed: {Reason}")]
    private static partial void LogEvicted(ILogger logger, string function, string reason);
}
