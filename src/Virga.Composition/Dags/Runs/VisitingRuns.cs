using Virga.Composition.Dags.Messages;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Composition.Dags.Runs;

/// <summary>
/// The attempts that run here for other nodes. One that has ended is remembered until its run must have ended, so that a message that comes late or twice does not begin it anew.
/// </summary>
internal sealed class VisitingRuns(DagServices services)
{
    // How long after a run's time a message of it may still be on its way.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    // Guards the table; short: an attempt is ended outside of it.
    private readonly Lock _gate = new();
    private readonly Dictionary<InvocationId, Visit> _visits = [];
    private bool _isClosed;

    /// <summary>The attempt of that number, which begins with its first message; null when it has ended, or a later one has begun.</summary>
    public DagAttempt? Find(InvocationId run, int number, InputMessage message, Dag dag)
    {
        DagAttempt? earlier = null;
        DagAttempt? found;
        lock (_gate)
        {
            if (_isClosed)
            {
                return null;
            }

            if (_visits.TryGetValue(run, out var visit) && visit.Number >= number)
            {
                return visit.Number == number ? visit.Attempt : null;
            }

            earlier = visit?.Attempt;
            var deadline = services.Time.GetTimestamp() + (long)(message.Remaining.TotalSeconds * services.Time.TimestampFrequency);
            found = new DagAttempt(services, dag, run, number, message.Plan, new RemoteOrigin(services), deadline, message.TraceParent);
            _visits[run] = new Visit(number, found, message.Plan.Nodes[0], services.Time.GetUtcNow() + message.Remaining + Grace);
        }

        earlier?.Dispose();
        return found;
    }

    /// <summary>An attempt has ended, and all before it.</summary>
    public void End(InvocationId run, int number)
    {
        DagAttempt? ended = null;
        lock (_gate)
        {
            if (_visits.TryGetValue(run, out var visit) && visit.Number <= number)
            {
                ended = visit.Attempt;
                _visits[run] = visit with { Number = number, Attempt = null };
            }
            else if (visit is null && !_isClosed)
            {
                // Its first message may still be on its way, behind this one.
                _visits[run] = new Visit(number, null, services.Self, services.Time.GetUtcNow() + Grace);
            }
        }

        ended?.Dispose();
    }

    /// <summary>Ends the attempts of nodes that are gone.</summary>
    public void DropOrphans(ClusterView view) => DropWhere(visit => visit.Attempt is not null && !view.Contains(visit.Origin), forget: false);

    /// <summary>Forgets runs whose time is over.</summary>
    public void Sweep()
    {
        var now = services.Time.GetUtcNow();
        DropWhere(visit => visit.ForgottenAt <= now, forget: true);
    }

    /// <summary>Ends all.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        DropWhere(static _ => true, forget: true);
    }

    private void DropWhere(Func<Visit, bool> isDropped, bool forget)
    {
        List<DagAttempt> ended = [];
        lock (_gate)
        {
            foreach (var (run, visit) in _visits.Where(visit => isDropped(visit.Value)).ToList())
            {
                if (visit.Attempt is not null)
                {
                    ended.Add(visit.Attempt);
                }

                if (forget)
                {
                    _visits.Remove(run);
                }
                else
                {
                    _visits[run] = visit with { Attempt = null };
                }
            }
        }

        foreach (var attempt in ended)
        {
            attempt.Dispose();
        }
    }

    private sealed record Visit(int Number, DagAttempt? Attempt, NodeName Origin, DateTimeOffset ForgottenAt);
}
