using Virga.Core.Resources;

namespace Virga.Core.Streams;

/// <summary>One version of a stream function. Immutable.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Version">Counts its changes.</param>
/// <param name="Spec">What the user asked for.</param>
public sealed record StreamFunction(StreamName Name, long Version, StreamSpec Spec);
