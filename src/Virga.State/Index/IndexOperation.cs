namespace Virga.State.Index;

/// <summary>What a cache tells a key's home. The numbers are sent: they never change.</summary>
internal enum IndexOperation : byte
{
    /// <summary>It holds keys from now on; answered with the epoch of what the home knows about it. Without keys it only asks for that.</summary>
    Hold = 1,

    /// <summary>It no longer holds keys.</summary>
    Drop = 2,

    /// <summary>It has stored new versions of keys; they are to be passed to the caches that hold these.</summary>
    Publish = 3,

    /// <summary>It asks who holds keys.</summary>
    Locate = 4,
}
