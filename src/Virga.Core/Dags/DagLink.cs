namespace Virga.Core.Dags;

/// <summary>An edge of a graph, by the places of its steps.</summary>
/// <param name="From">The step whose result goes along it.</param>
/// <param name="To">The step that gets it.</param>
/// <param name="Input">Which of that step's inputs it is.</param>
/// <param name="When">What must hold of the result; null for nothing.</param>
public sealed record DagLink(int From, int To, int Input, DagCondition? When);
