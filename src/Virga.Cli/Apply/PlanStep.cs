using Virga.Cli.Client;

namespace Virga.Cli.Apply;

/// <summary>What becomes of one resource.</summary>
/// <param name="Kind">What kind it is.</param>
/// <param name="Name">What the user calls it.</param>
/// <param name="Change">What happens.</param>
/// <param name="Fields">For an update, each member that changes, from what to what.</param>
/// <param name="ApplyAsync">Does it.</param>
internal sealed record PlanStep(ResourceKind Kind, string Name, Change Change, IReadOnlyList<FieldChange> Fields, Func<CancellationToken, Task> ApplyAsync)
{
    /// <summary>The sign that stands before it in the plan.</summary>
    public char Sign => Change switch { Change.Create => '+', Change.Update => '~', _ => '=' };
}
