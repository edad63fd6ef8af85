namespace Virga.Core.Invocations;

/// <summary>One message of a WebSocket, or its end.</summary>
/// <param name="Data">The message's bytes.</param>
/// <param name="IsText">Whether they are UTF-8 text.</param>
/// <param name="CloseCode">Null for a message; the close code when the function has closed.</param>
/// <param name="CloseReason">Why it closed.</param>
public readonly record struct ChannelMessage(ReadOnlyMemory<byte> Data, bool IsText, int? CloseCode = null, string? CloseReason = null);
