namespace Virga.Execution.Cgroups;

internal abstract partial class Cgroup
{
    /// <summary>How much is pushed out between two looks at whether a call has come: 1 ms of the kernel's time with zram.</summary>
    private const long StepBytes = 256 << 10;

    /// <summary>A step may find all pages busy; when that goes on, the rest is locked in memory or the swap is full.</summary>
    private const int MaxFruitlessSteps = 8;

    private static readonly TimeSpan s_freezingPatience = TimeSpan.FromSeconds(1);

    // Held for writes to control files, a fraction of a millisecond, and for one step of pushing out. So a step, which
    // lowers the group's limit for its time, and a running group never meet: the group would be ended for want of memory.
    private readonly Lock _gate = new();
    private volatile bool _frozen;
    private bool _ended;

    // How often the group was thawed: whoever works on a frozen group sees by it that somebody wanted it back.
    private int _thaws;

    // Who waits for the gate to have the group run or end: no further step goes before them.
    private int _urgent;

    /// <summary>Whether the machine can stop all threads of the group without their knowing.</summary>
    internal abstract bool CanFreeze { get; }

    /// <summary>Whether <see cref="PushOut"/> can do anything, given that the machine has swap.</summary>
    internal abstract bool CanPushOut { get; }

    /// <summary>Whether the group was frozen, and nobody has thawed it since or is about to.</summary>
    internal bool IsFrozen => _frozen && Volatile.Read(ref _urgent) == 0;

    // Files in memory are on the lists of anonymous pages.
    private long SwappableBytes => ReadStatistics("active_anon", "inactive_anon");

    /// <summary>Stops every thread of the group. It uses no CPU time until it is thawed.</summary>
    /// <returns>False when it was thawed or ended before it had come to a stop.</returns>
    /// <exception cref="IOException">The kernel refused or could not stop a thread in time; the group runs again.</exception>
    internal async Task<bool> FreezeAsync(TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            int thaws;
            lock (_gate)
            {
                if (_ended)
                {
                    return false;
                }

                thaws = _thaws;
                _frozen = true;
                SetFrozen(true);
            }

            return await HasStoppedAsync(thaws, time, cancellation);
        }
        catch (Exception)
        {
            Thaw();
            throw;
        }
    }

    /// <summary>Lets a frozen group run on at once, also while its memory is being pushed out; else does nothing.</summary>
    /// <remarks>On the path of a call: one write to a control file, which wakes all threads, 0.15 ms; and a step of pushing out if one is under way.</remarks>
    /// <exception cref="IOException">The kernel refused: the group does not run.</exception>
    internal void Thaw()
    {
        Interlocked.Increment(ref _urgent);
        lock (_gate)
        {
            bool frozen = _frozen;
            _frozen = false;
            Interlocked.Decrement(ref _urgent);
            if (frozen)
            {
                _thaws++;
                SetFrozen(false);
            }
        }
    }

    /// <summary>
    /// Writes a frozen group's memory to swap. Pages of files stay: they are shared with every other instance of the
    /// environment, and the kernel drops them when it needs their memory. Blocks for some 4 ms per MB (zram with lz4),
    /// and ends within one step when the group is thawed.
    /// </summary>
    /// <returns>By how many bytes the group's resident memory fell.</returns>
    /// <exception cref="IOException">The kernel refused to let the group use swap, or to forbid it again.</exception>
    internal long PushOut(CancellationToken cancellation)
    {
        int thaws = Volatile.Read(ref _thaws);
        if (!_frozen || !CanPushOut)
        {
            return 0;
        }

        long before = ResidentBytes ?? 0;
        int fruitless = 0;
        while (fruitless < MaxFruitlessSteps && SwappableBytes is > 0 and var left && !cancellation.IsCancellationRequested)
        {
            // Progress is not seen by the statistics: the kernel brings them up to date only every so many changes.
            long? used = MemoryBytes;
            if (!TryStep(thaws, Math.Min(left, StepBytes)))
            {
                break;
            }

            fruitless = MemoryBytes < used ? 0 : fruitless + 1;
        }

        return Math.Max(0, before - (ResidentBytes ?? 0));
    }

    /// <summary>Sets all limits; callable while processes run.</summary>
    /// <exception cref="IOException">The kernel refuses, for instance a memory limit below what is in use.</exception>
    internal void Limit(CgroupLimits limits)
    {
        lock (_gate)
        {
            SetLimits(limits);
        }
    }

    /// <summary>Ends all processes of the group at once, frozen ones as well; none can escape by forking.</summary>
    internal void KillAll()
    {
        Interlocked.Increment(ref _urgent);
        lock (_gate)
        {
            _ended = true;
            _frozen = false;
            _thaws++;
            Interlocked.Decrement(ref _urgent);
            KillProcesses();
        }
    }

    protected abstract void SetLimits(CgroupLimits limits);

    protected abstract void SetFrozen(bool frozen);

    /// <summary>Whether every thread has come to a stop.</summary>
    protected abstract bool HasStopped();

    /// <summary>
    /// Asks the kernel to write <paramref name="bytes"/> of the group to swap, as far as it can. The group is forbidden to
    /// swap before and after: one that runs never waits for memory that the kernel took from it by itself.
    /// </summary>
    protected abstract void PushOut(long bytes);

    /// <summary>Leaves the group thawed: a frozen process of cgroup v1 does not act upon its end.</summary>
    protected abstract void KillProcesses();

    private async Task<bool> HasStoppedAsync(int thaws, TimeProvider time, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        TimeSpan pause = s_firstRetry;
        while (!IsThawedSince(thaws))
        {
            if (HasStopped())
            {
                return !IsThawedSince(thaws);
            }

            if (time.GetElapsedTime(start) > s_freezingPatience)
            {
                throw new IOException($"The control group {Directories[0]} did not stop within {s_freezingPatience.TotalSeconds:0} s: one of its threads waits in the kernel.");
            }

            await Task.Delay(pause, time, cancellation);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_slowestRetry.Ticks));
        }

        return false;
    }

    private bool IsThawedSince(int thaws) => Volatile.Read(ref _thaws) != thaws;

    /// <summary>False when the group is wanted.</summary>
    private bool TryStep(int thaws, long bytes)
    {
        lock (_gate)
        {
            if (!_frozen || IsThawedSince(thaws) || Volatile.Read(ref _urgent) > 0)
            {
                return false;
            }

            PushOut(bytes);
            return true;
        }
    }
}
