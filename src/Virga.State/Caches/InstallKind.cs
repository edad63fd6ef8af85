namespace Virga.State.Caches;

/// <summary>How a record came to a cache.</summary>
internal enum InstallKind
{
    /// <summary>The store was asked for a key that is to be shown from now on.</summary>
    Load,

    /// <summary>It is in the store; shown where the key is shown already.</summary>
    Update,

    /// <summary>Another cache gave it, and it may not be in the store yet: it is kept like a write of this node.</summary>
    Adopt,
}
