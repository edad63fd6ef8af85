namespace Virga.Execution.Cgroups;

internal abstract partial class Cgroup
{
    /// <summary>How much is pushed out between two looks at whether a call has come: some 2 ms of the kernel's time with zram.</summary>
    private const long StepBytes = 512 << 10;

    private static readonly TimeSpan s_freezingPatience = TimeSpan.FromSeconds(1);

    // Held for writes to control files, a fraction of a millisecond; never while the kernel reclaims.
    private readonly Lock _gate = new();
    private bool _frozen;
    private bool _pushingOut;
    private bool _ended;

    // How often the group was thawed: whoever works on a frozen group sees by it that somebody wanted it back.
    private int _thaws;

    /// <summary>Whether the machine can stop all threads of the group without their knowing.</summary>
    internal abstract bool CanFreeze { get; }

    /// <summary>Whether <see cref="PushOut"/> can do anything, given that the machine has swap.</summary>
    internal abstract bool CanPushOut { get; }

    /// <summary>Whether the group was frozen and not thawed since.</summary>
    internal bool IsFrozen
    {
        get
        {
            lock (_gate)
            {
                return _frozen;
            }
        }
    }

    /// <summary>What could be written to swap: anonymous memory and files in memory.</summary>
    protected abstract long SwappableBytes { get; }

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
    /// <remarks>On the path of a call: one write to a control file, which wakes all threads, 0.15 ms.</remarks>
    /// <exception cref="IOException">The kernel refused: the group does not run.</exception>
    internal void Thaw()
    {
        lock (_gate)
        {
            if (!_frozen)
            {
                return;
            }

            _thaws++;
            _frozen = false;
            SetFrozen(false);
            if (_pushingOut)
            {
                // What pushes out sees it after its step; until then the group must not swap, or meet a lowered limit.
                ForbidSwap();
            }
        }
    }

    /// <summary>
    /// Writes a frozen group's memory to swap. Pages of files stay: they are shared with every other instance of the
    /// environment, and the kernel drops them when it needs their memory. Blocks for some 4 ms per MB (zram with lz4),
    /// and ends within one step when the group is thawed.
    /// </summary>
    /// <returns>By how many bytes the memory in use fell.</returns>
    /// <exception cref="IOException">The kernel refused to let the group use swap, or to forbid it again.</exception>
    internal long PushOut(CancellationToken cancellation)
    {
        int thaws;
        lock (_gate)
        {
            if (!_frozen || !CanPushOut)
            {
                return 0;
            }

            thaws = _thaws;
            _pushingOut = true;
            AllowSwap();
        }

        long before = MemoryBytes ?? 0;
        try
        {
            long left = SwappableBytes;
            while (left > 0 && !IsThawedSince(thaws) && !cancellation.IsCancellationRequested)
            {
                TryPushOut(Math.Min(left, StepBytes));
                long now = SwappableBytes;
                if (now >= left)
                {
                    break; // Locked in memory, or the swap is full.
                }

                left = now;
            }
        }
        finally
        {
            lock (_gate)
            {
                _pushingOut = false;
                if (!_ended)
                {
                    ForbidSwap();
                }
            }
        }

        return Math.Max(0, before - (MemoryBytes ?? 0));
    }

    /// <summary>Ends all processes of the group at once, frozen ones as well; none can escape by forking.</summary>
    internal void KillAll()
    {
        lock (_gate)
        {
            _ended = true;
            _frozen = false;
            _thaws++;
            KillProcesses();
        }
    }

    protected abstract void SetFrozen(bool frozen);

    /// <summary>Whether every thread has come to a stop.</summary>
    protected abstract bool HasStopped();

    /// <summary>Lets the kernel write memory of the group to swap.</summary>
    protected abstract void AllowSwap();

    /// <summary>The opposite: a group that runs never waits for memory that the kernel took from it by itself.</summary>
    protected abstract void ForbidSwap();

    /// <summary>Asks the kernel to write <paramref name="bytes"/> of the group to swap, as far as it can.</summary>
    protected abstract void TryPushOut(long bytes);

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

    private bool IsThawedSince(int thaws)
    {
        lock (_gate)
        {
            return _thaws != thaws;
        }
    }
}
