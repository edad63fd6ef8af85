using System.Runtime.InteropServices;
using Virga.Topics.Messages;

namespace Virga.Topics.Logs;

/// <summary>One entry of a topic.</summary>
/// <param name="Position">Where.</param>
/// <param name="Data">Its bytes: never changed again, never returned to a pool.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LogEntry(Position Position, ReadOnlyMemory<byte> Data);
