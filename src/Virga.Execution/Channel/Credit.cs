namespace Virga.Execution.Channel;

/// <summary>The bounds of flow control; see <c>docs/worker-protocol.md</c>.</summary>
internal static class Credit
{
    /// <summary>Bytes that each direction of a call may have under way.</summary>
    public const int Initial = 1 << 20;

    /// <summary>WebSocket messages of a worker that may wait for the client, however small they are.</summary>
    public const int MaxMessages = 1 << 16;
}
