namespace Virga.Triggers.Calls;

/// <summary>What a function's answer is published as.</summary>
/// <param name="Payload">What it carries.</param>
/// <param name="ContentType">What that is.</param>
/// <param name="Key">The key of the message that it answers; null for none.</param>
internal sealed record OutputMessage(ReadOnlyMemory<byte> Payload, string ContentType, string? Key);
