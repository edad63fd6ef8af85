using System.Runtime.InteropServices;
using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Stores.Embedded;

/// <summary>A row of the database.</summary>
/// <param name="Key">The key.</param>
/// <param name="Record">What it holds.</param>
/// <param name="DueAt">When it is to be looked at again; Unix milliseconds, 0 for never.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ColdRow(StateKey Key, StateRecord Record, long DueAt);
