using System.Diagnostics.CodeAnalysis;
using Virga.Worker.Channel;
using Virga.Worker.Native;

namespace Virga.Worker.Instance;

/// <summary>
/// Two threads that read the channel in turn. The leader reads, and runs a call itself when it may; the watcher looks now
/// and then whether the leader is still busy with the call that it saw before, and then takes over the reading. So a quick
/// call costs no switch of threads, and a slow one still learns that it was cancelled.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "It lives as long as the process.")]
internal sealed class ReaderRelay(FrameReader reader, WorkerInstance instance, Action<Exception> failed)
{
    private const long None = 0;
    private const int PatienceMilliseconds = 2;

    /// <summary>After so many looks at an idle leader the watcher sleeps until it is woken.</summary>
    private const int LooksBeforeSleep = 50;

    private readonly AutoResetEvent alarm = new(initialState: false);

    /// <summary>The number of the call, or answer, that the leader is busy with; taken away from it when the watcher takes over.</summary>
    private long running;
    private long last;
    private volatile bool watcherSleeps;
    private volatile bool watcherIsThere;

    /// <summary>Reads until the channel ends. Does not return.</summary>
    public void Run()
    {
        var second = new Thread(() => TakeTurns(leads: false)) { IsBackground = true, Name = "virga-reader-2" };
        second.Start();
        TakeTurns(leads: true);
    }

    private void TakeTurns(bool leads)
    {
        try
        {
            while (true)
            {
                if (leads)
                {
                    Lead();
                }

                Watch();
                leads = true;
            }
        }
        catch (Exception exception)
        {
            failed(exception);
        }
    }

    /// <summary>Returns when the watcher has become the leader.</summary>
    private void Lead()
    {
        while (reader.TryRead(out Frame frame))
        {
            if (instance.Take(frame) is not { } work)
            {
                continue;
            }

            if (!watcherIsThere)
            {
                ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
            }
            else if (!RunAndKeepLead(work))
            {
                return;
            }
        }

        Posix.ExitNow(0);
    }

    private bool RunAndKeepLead(IThreadPoolWorkItem work)
    {
        long number = ++last;

        // A full fence: either this thread sees the watcher asleep, or the watcher sees the number before it sleeps.
        Interlocked.Exchange(ref running, number);
        if (watcherSleeps)
        {
            watcherSleeps = false;
            alarm.Set();
        }

        work.Execute();
        return Interlocked.CompareExchange(ref running, None, number) == number;
    }

    /// <summary>Returns when this thread has become the leader.</summary>
    private void Watch()
    {
        long seen = None;
        int idleLooks = 0;
        watcherIsThere = true;
        while (true)
        {
            long now = Interlocked.Read(ref running);
            if (now != None && now == seen)
            {
                // Nobody watches until the old leader has finished its call.
                watcherIsThere = false;
                if (Interlocked.CompareExchange(ref running, None, now) == now)
                {
                    return;
                }

                watcherIsThere = true;
            }

            idleLooks = now == seen ? idleLooks + 1 : 0;
            seen = now;
            if (idleLooks < LooksBeforeSleep)
            {
                alarm.WaitOne(PatienceMilliseconds);
                continue;
            }

            watcherSleeps = true;
            Interlocked.MemoryBarrier();
            if (Interlocked.Read(ref running) == None)
            {
                alarm.WaitOne();
            }

            watcherSleeps = false;
            idleLooks = 0;
        }
    }
}
