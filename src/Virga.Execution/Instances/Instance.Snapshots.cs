using System.Security.Cryptography;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Execution.Channel;
using Virga.Execution.Snapshots;

namespace Virga.Execution.Instances;

/// <content>Leaving as a snapshot, and coming back as one of its clones.</content>
internal sealed partial class Instance
{
    private const int EntropyBytes = 32;

    /// <summary>Whether it may be kept as a snapshot as long as it has had no call: its sandbox can, its function wants it, and its worker would make each clone unique.</summary>
    public bool MayBecomeSnapshot { get; private set; }

    /// <summary>Whether it is a clone of a snapshot.</summary>
    public bool IsClone { get; private set; }

    /// <summary>
    /// Makes the clone of a snapshot, whose process was just restored, an instance of its function: it has a new random
    /// seed and the time, and its user's hooks have run. After a failure the instance ends itself.
    /// </summary>
    /// <exception cref="SnapshotException">It did not continue from the snapshot, which is then of no use.</exception>
    /// <exception cref="ProblemException">A hook of the function failed.</exception>
    public async Task RestoreAsync(FunctionVersion function, IInstanceOwner owner, long requestedAt, CancellationToken cancellation)
    {
        _owner = owner;
        Function = function;
        var request = new Restore(RandomNumberGenerator.GetBytes(EntropyBytes), _services.Time.GetUtcNow().ToUnixTimeMilliseconds(), Id, _services.Options.NodeName.Value);
        Restored answer;
        try
        {
            answer = await _channel.RestoreAsync(request, cancellation).WaitAsync(_services.Options.StartTimeout, _services.Time, cancellation);
        }
        catch (WorkerProtocolException e)
        {
            _killedBecause ??= "it did not continue from its snapshot";
            await _life;
            throw new SnapshotException($"The instance ended while it was restored ({await _process.Exited}): {e.Message} {LastErrorOutput}".TrimEnd(), e);
        }
        catch (TimeoutException e)
        {
            Kill("it was not restored in time");
            throw new SnapshotException($"The instance was not restored within {_services.Options.StartTimeout.TotalSeconds:0} s.", e);
        }

        if (!answer.Ok)
        {
            Kill("its function could not continue from a snapshot");
            var error = answer.Error ?? new WorkerError();
            throw new ProblemException(KnownProblems.LoadFailed(error.Type, error.Message, error.Location, error.Stack));
        }

        IsClone = true;
        ReadyAt = _services.Time.GetTimestamp();
        ReportResidency();
        StartDuration = _services.Time.GetElapsedTime(requestedAt, ReadyAt);
    }

    /// <summary>Keeps the instance, which has its function and has never had a call, as a snapshot. It has ended afterwards, whatever comes of it.</summary>
    /// <returns>The snapshot; null when it could not be taken, which the store counts and reports.</returns>
    public async Task<Snapshot?> LeaveAsSnapshotAsync(SnapshotStore store, SnapshotKey key, CancellationToken cancellation)
    {
        _killedBecause ??= "it was kept as a snapshot";
        try
        {
            return await store.TakeAsync(_process, key, cancellation);
        }
        finally
        {
            Kill("it was to be kept as a snapshot");
            await _life;
        }
    }
}
