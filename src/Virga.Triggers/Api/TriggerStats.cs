using Virga.Core.Triggers;
using Virga.Triggers.Runs;

namespace Virga.Triggers.Api;

/// <summary>How a trigger fares on all nodes together.</summary>
/// <param name="Name">Its name within its namespace.</param>
/// <param name="State">What it is doing: where nodes differ, what an operator should know of first.</param>
/// <param name="Problem">Why it is not running, of the first node that tells; null where all run.</param>
/// <param name="Topics">Topics, or partitions, that are consumed.</param>
/// <param name="Backlog">Entries of these that are not acknowledged.</param>
/// <param name="Held">Messages that nodes have received and not yet dealt with.</param>
/// <param name="Retrying">Of these, messages (of those with an order: keys or topics) that wait to be tried again.</param>
/// <param name="InFlight">Calls that run.</param>
/// <param name="Concurrency">Calls that may run at a time now.</param>
/// <param name="Calls">Calls that have ended.</param>
/// <param name="Handled">Messages at which the function did not fail.</param>
/// <param name="Failures">Attempts at messages that have failed.</param>
/// <param name="Rejections">Calls that were held back because the function could not be called.</param>
/// <param name="DeadLetters">Messages that were given up.</param>
/// <param name="LastFailure">Why an attempt has failed, of the first node that tells.</param>
/// <param name="Nodes">The same of each node on which it runs.</param>
/// <param name="Unreachable">Nodes that did not answer: what they do is not in here.</param>
internal sealed record TriggerStats(
    string Name,
    TriggerState State,
    string? Problem,
    IReadOnlyList<string> Topics,
    long Backlog,
    int Held,
    int Retrying,
    int InFlight,
    int Concurrency,
    long Calls,
    long Handled,
    long Failures,
    long Rejections,
    long DeadLetters,
    string? LastFailure,
    IReadOnlyList<TriggerFigures> Nodes,
    IReadOnlyList<string> Unreachable)
{
    // The first that a node is in is told.
    private static readonly TriggerState[] Urgency = [TriggerState.Connecting, TriggerState.Held, TriggerState.Stopping, TriggerState.Running, TriggerState.Ended];

    /// <summary>Adds them up.</summary>
    public static TriggerStats Of(TriggerName name, IReadOnlyList<TriggerFigures> nodes, IReadOnlyList<string> unreachable) => new(
        name.Name.Value,
        Urgency.FirstOrDefault(state => nodes.Any(node => node.State == state), TriggerState.Connecting),
        nodes.Select(static node => node.Problem).FirstOrDefault(static problem => problem is not null),
        [.. nodes.SelectMany(static node => node.Topics).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        nodes.Sum(static node => node.Backlog),
        nodes.Sum(static node => node.Held),
        nodes.Sum(static node => node.Retrying),
        nodes.Sum(static node => node.InFlight),
        nodes.Sum(static node => node.Concurrency),
        nodes.Sum(static node => node.Calls),
        nodes.Sum(static node => node.Handled),
        nodes.Sum(static node => node.Failures),
        nodes.Sum(static node => node.Rejections),
        nodes.Sum(static node => node.DeadLetters),
        nodes.Select(static node => node.LastFailure).FirstOrDefault(static failure => failure is not null),
        nodes,
        unreachable);
}
