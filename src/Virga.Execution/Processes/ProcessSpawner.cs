using System.Runtime.InteropServices;
using System.Text;

namespace Virga.Execution.Processes;

/// <summary>
/// Starts child processes with exactly the descriptors they should have, in a session of their own and with default signal handling.
/// All children are started by one thread that lives as long as the node, because the kernel sends a child's
/// parent-death signal when the <em>thread</em> that started it ends.
/// </summary>
internal sealed unsafe class ProcessSpawner : IDisposable
{
    // Larger than glibc's types on every architecture (336, 80 and 128 bytes on x86-64).
    private const int OpaqueBytes = 512;
    private const short SetSignalDefaults = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;

    private readonly DedicatedThread _thread;

    /// <param name="prepare">Called once on the thread that starts all children, which inherit what it changes for itself, such as its namespaces.</param>
    internal ProcessSpawner(string threadName = "virga-spawn", Action? prepare = null)
    {
        _thread = new DedicatedThread(threadName);
        if (prepare is null)
        {
            return;
        }

        try
        {
            _ = _thread.Run(() =>
            {
                prepare();
                return true;
            });
        }
        catch (Exception)
        {
            _thread.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Starts <paramref name="command"/> (the first element is an absolute path); descriptor <c>n</c> of the child is
    /// <c>descriptors[n]</c>, and there are no others.
    /// </summary>
    /// <returns>The child's process id; the caller reaps it.</returns>
    /// <exception cref="SystemCallException">The process could not be started.</exception>
    internal int Spawn(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, params Descriptor[] descriptors) =>
        _thread.Run(() => SpawnHere(command, environment, descriptors));

    public void Dispose() => _thread.Dispose();

    private static int SpawnHere(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, Descriptor[] descriptors)
    {
        byte* actions = stackalloc byte[OpaqueBytes];
        byte* attributes = stackalloc byte[OpaqueBytes];
        byte* signals = stackalloc byte[OpaqueBytes];
        byte** arguments = null;
        byte** variables = null;
        Check(Libc.SpawnFileActionsInit(actions), "posix_spawn_file_actions_init");
        Check(Libc.SpawnAttributesInit(attributes), "posix_spawnattr_init");
        try
        {
            for (int i = 0; i < descriptors.Length; i++)
            {
                Check(Libc.SpawnFileActionsAddDuplicate(actions, descriptors[i].Number, i), "posix_spawn_file_actions_adddup2");
            }

            Check(Libc.SpawnFileActionsAddCloseFrom(actions, descriptors.Length), "posix_spawn_file_actions_addclosefrom_np");
            _ = Libc.SignalSetEmpty(signals);
            Check(Libc.SpawnAttributesSetSignalMask(attributes, signals), "posix_spawnattr_setsigmask");
            _ = Libc.SignalSetFill(signals);
            Check(Libc.SpawnAttributesSetSignalDefault(attributes, signals), "posix_spawnattr_setsigdefault");
            Check(Libc.SpawnAttributesSetFlags(attributes, SetSignalDefaults | SetSignalMask | SetSession), "posix_spawnattr_setflags");

            arguments = ToNative(command);
            variables = ToNative([.. environment.Select(variable => $"{variable.Key}={variable.Value}")]);
            int pid;
            Check(Libc.PosixSpawn(&pid, command[0], actions, attributes, arguments, variables), $"posix_spawn {command[0]}");
            return pid;
        }
        finally
        {
            Free(arguments);
            Free(variables);
            _ = Libc.SpawnAttributesDestroy(attributes);
            _ = Libc.SpawnFileActionsDestroy(actions);
        }
    }

    // The functions of the posix_spawn family return their error instead of setting errno.
    private static void Check(int error, string call)
    {
        if (error != 0)
        {
            throw new SystemCallException(call, error);
        }
    }

    /// <summary>One block: the null-terminated table of pointers, then the strings.</summary>
    private static byte** ToNative(IReadOnlyList<string> strings)
    {
        int tableBytes = (strings.Count + 1) * sizeof(byte*);
        int textBytes = strings.Sum(text => Encoding.UTF8.GetByteCount(text) + 1);
        byte* block = (byte*)NativeMemory.Alloc((nuint)(tableBytes + textBytes));
        byte** table = (byte**)block;
        byte* next = block + tableBytes;
        byte* end = next + textBytes;
        for (int i = 0; i < strings.Count; i++)
        {
            table[i] = next;
            next += Encoding.UTF8.GetBytes(strings[i], new Span<byte>(next, (int)(end - next)));
            *next++ = 0;
        }

        table[strings.Count] = null;
        return table;
    }

    private static void Free(byte** block) => NativeMemory.Free(block);
}
