namespace Virga.Execution.Sandboxes;

/// <summary>
/// Unprivileged user ids, one per running sandbox: no two instances are the same user, so none can signal, trace or
/// use up the limits of another.
/// </summary>
internal sealed class UserIdRange(uint first, int count)
{
    private readonly Lock _gate = new();
    private readonly Queue<uint> _returned = new();
    private int _handedOut;

    /// <exception cref="SandboxException">All are in use.</exception>
    internal uint Rent()
    {
        lock (_gate)
        {
            if (_handedOut < count)
            {
                return first + (uint)_handedOut++;
            }

            return _returned.TryDequeue(out uint returned)
                ? returned
                : throw new SandboxException($"All {count} user ids from {first} on are in use by sandboxes; allow more in the node's settings.");
        }
    }

    /// <summary>Takes back the id of a sandbox none of whose processes is left.</summary>
    internal void Return(uint id)
    {
        lock (_gate)
        {
            _returned.Enqueue(id);
        }
    }
}
