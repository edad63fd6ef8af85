using System.Runtime.InteropServices;
using Virga.State.Records;

namespace Virga.State.Stores.Postgres;

/// <summary>A row as it was read.</summary>
/// <param name="Record">What it holds; null when there is no row.</param>
/// <param name="Version">Its count of changes; 0 when there is no row.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StateRow(StateRecord? Record, long Version);
