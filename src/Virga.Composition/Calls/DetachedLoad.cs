using Virga.Core.Names;

namespace Virga.Composition.Calls;

/// <summary>
/// What the arguments of calls that may outlive their callers occupy of the node's memory: nobody waits for those calls, so nothing else holds back a function that begins
/// them faster than they end.
/// </summary>
internal sealed class DetachedLoad
{
    /// <summary>Those of one namespace, in bytes.</summary>
    public const long MaxOfOne = 64L << 20;

    /// <summary>All, in bytes.</summary>
    public const long Max = 256L << 20;

    // Guards all below; held for a few instructions.
    private readonly Lock _gate = new();
    private readonly Dictionary<Scope, long> _ofScopes = [];
    private long _all;

    /// <summary>A call begins; false when there is no room for it.</summary>
    public bool TryAdd(Scope scope, int bytes)
    {
        lock (_gate)
        {
            var own = _ofScopes.GetValueOrDefault(scope) + bytes;
            if (own > MaxOfOne || _all + bytes > Max)
            {
                return false;
            }

            _ofScopes[scope] = own;
            _all += bytes;
            return true;
        }
    }

    /// <summary>It has ended.</summary>
    public void Remove(Scope scope, int bytes)
    {
        lock (_gate)
        {
            _all -= bytes;
            if ((_ofScopes[scope] -= bytes) == 0)
            {
                _ofScopes.Remove(scope);
            }
        }
    }
}
