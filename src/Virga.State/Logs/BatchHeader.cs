using System.Runtime.InteropServices;
using Virga.State.Time;

namespace Virga.State.Logs;

/// <summary>What stands before a batch of the log.</summary>
/// <param name="BodyBytes">Length of what follows.</param>
/// <param name="Durable">All before this position was on disk when the batch was written.</param>
/// <param name="Clock">A reading of the writer's clock that is later than all in the batch.</param>
/// <param name="BodyChecksum">CRC-32C of what follows.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BatchHeader(int BodyBytes, long Durable, HybridTimestamp Clock, uint BodyChecksum);
