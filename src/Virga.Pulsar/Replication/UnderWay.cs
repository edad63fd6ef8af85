using System.Runtime.InteropServices;
using Virga.Topics.Messages;

namespace Virga.Pulsar.Replication;

/// <summary>An entry that another cluster has not acknowledged yet.</summary>
/// <param name="Position">Which.</param>
/// <param name="Sequence">The number that it was sent with; -1 for one that does not go there, and only waits for its turn.</param>
/// <param name="Messages">How many messages it holds.</param>
/// <param name="Bytes">Its bytes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct UnderWay(Position Position, long Sequence, int Messages, int Bytes);
