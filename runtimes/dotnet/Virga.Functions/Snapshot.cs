namespace Virga.Functions;

/// <summary>The snapshot of the initialised function, which is kept in the isolation <c>gvisor</c> and continued in clones.</summary>
public static class Snapshot
{
    private static readonly List<Func<Task>> Hooks = [];

    /// <summary>
    /// Adds a hook that runs in every clone of the function's snapshot before its first call: open connections, fetch what must be fresh,
    /// forget what must be unique. Hooks run in the order in which they were added; one that throws fails the start. Without
    /// snapshots it never runs.
    /// </summary>
    /// <param name="hook">What to run.</param>
    public static void OnRestore(Action hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        OnRestore(() =>
        {
            hook();
            return Task.CompletedTask;
        });
    }

    /// <summary>The same for a hook that is awaited.</summary>
    /// <param name="hook">What to run.</param>
    public static void OnRestore(Func<Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        lock (Hooks)
        {
            Hooks.Add(hook);
        }
    }

    internal static async Task RunHooksAsync()
    {
        Func<Task>[] hooks;
        lock (Hooks)
        {
            hooks = [.. Hooks];
        }

        foreach (Func<Task> hook in hooks)
        {
            await hook();
        }
    }
}
