using Virga.State.Keys;
using Virga.State.Records;

namespace Virga.State.Index;

/// <summary>A new version of a key on its way to the caches that hold it.</summary>
/// <param name="Key">The key.</param>
/// <param name="Record">What is to be merged there.</param>
/// <param name="Age">For how long it has been on its way, the time on the wire left out.</param>
internal readonly record struct KeyUpdate(StateKey Key, StateRecord Record, TimeSpan Age);
