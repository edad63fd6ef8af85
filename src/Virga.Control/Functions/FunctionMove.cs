using Virga.Control.Metadata;

namespace Virga.Control.Functions;

/// <summary>What a change makes of a function.</summary>
/// <param name="Spec">Its spec as JSON.</param>
/// <param name="Status">Its status, with the aliases that its calls follow.</param>
/// <param name="Added">A version that is new; null when traffic moves among known ones, or stays where it is.</param>
internal sealed record FunctionMove(string Spec, FunctionStatus Status, StoredFunctionVersion? Added = null);
