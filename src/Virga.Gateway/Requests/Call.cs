using Virga.Core.Dags;
using Virga.Core.Resources;

namespace Virga.Gateway.Requests;

/// <summary>What a request calls.</summary>
/// <param name="Function">The version that serves it; null when a DAG does.</param>
/// <param name="Path">The path that the function sees.</param>
/// <param name="Parameters">What the route's template captured.</param>
/// <param name="Dag">The DAG that serves it; null when a function does.</param>
internal readonly record struct Call(FunctionVersion? Function, string Path, IReadOnlyList<KeyValuePair<string, string>> Parameters, DagName? Dag = null);
