using Microsoft.Extensions.Logging;
using Virga.Core.Names;
using Virga.Core.Nodes;

namespace Virga.Cluster.Membership;

/// <summary>Renews this node's lease, and passes on who is alive, as <see cref="MembershipPolicy"/> decides.</summary>
internal sealed partial class MembershipLoop : IAsyncDisposable
{
    private readonly NodeName _self;
    private readonly LeaseSettings _settings;
    private readonly ILeaseTable _table;
    private readonly Func<NodeReport> _report;
    private readonly Action<ClusterView, bool> _publish;
    private readonly TimeProvider _time;
    private readonly ILogger<MembershipLoop> _logger;
    private readonly long _epoch;
    private readonly ClockOffset _offset = new();
    private readonly CancellationTokenSource _stopping = new();

    // Guards the policy, which others ask and tell of suspects; held for its decisions only.
    private readonly Lock _gate = new();
    private readonly MembershipPolicy _policy;
    private CancellationTokenSource? _waiting;
    private IReadOnlyList<LeaseRow> _rows = [];
    private bool _isReachable = true;
    private Task _running = Task.CompletedTask;

    /// <param name="self">This node.</param>
    /// <param name="settings">The times of leases.</param>
    /// <param name="table">The leases.</param>
    /// <param name="report">What the node says of itself now.</param>
    /// <param name="publish">Takes each new view, and whether others are alive in it than in the one before.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes what happens.</param>
    public MembershipLoop(NodeName self, LeaseSettings settings, ILeaseTable table, Func<NodeReport> report, Action<ClusterView, bool> publish, TimeProvider time, ILogger<MembershipLoop> logger)
    {
        _self = self;
        _settings = settings;
        _table = table;
        _report = report;
        _publish = publish;
        _time = time;
        _logger = logger;
        _epoch = time.GetTimestamp();
        _policy = new MembershipPolicy(self, settings);
    }

    /// <summary>Whether the node is a member: false while its lease cannot be renewed and is over.</summary>
    public bool IsMember
    {
        get
        {
            lock (_gate)
            {
                return _policy.IsMember(Now());
            }
        }
    }

    /// <summary>How far this machine's clock is behind the database's.</summary>
    public TimeSpan ClockOffset => _offset.Value;

    /// <summary>All leases as they were last read.</summary>
    public IReadOnlyList<LeaseRow> Rows => Volatile.Read(ref _rows);

    /// <summary>Takes the node's name. A lease that an earlier run of it left is waited for, one that is renewed meanwhile is another node's.</summary>
    /// <returns>The node's incarnation; null when another node has the name.</returns>
    /// <exception cref="LeaseTableException">The table cannot be reached.</exception>
    public async Task<long?> ClaimAsync(CancellationToken cancellation)
    {
        LeaseRow? holder = null;
        while (true)
        {
            var sentAt = Now();
            if (await _table.ClaimAsync(_self, _report(), _settings.Lease, cancellation) is { } incarnation)
            {
                lock (_gate)
                {
                    _policy.Claimed(sentAt, incarnation);
                }

                return incarnation;
            }

            // Reads only: no run has the incarnation 0.
            var reading = await _table.RenewAsync(_self, 0, _report(), _settings.Lease, cancellation);
            var row = reading.Rows.FirstOrDefault(row => row.Name == _self);
            Volatile.Write(ref _rows, reading.Rows);
            if (row is null)
            {
                continue;
            }

            // A claimed name is renewed at least once in the time that its lease lasts: longer than that is another node.
            if (holder is not null && (row.Incarnation != holder.Incarnation || row.Remaining > holder.Remaining))
            {
                return null;
            }

            holder = row;
            var wait = row.Remaining < _settings.Renewal ? row.Remaining : _settings.Renewal;
            await Task.Delay(wait > _settings.LeastPause ? wait : _settings.LeastPause, _time, cancellation);
        }
    }

    /// <summary>Looks at the leases once, and goes on doing so.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await RenewAsync(cancellation);
        _running = RunAsync();
    }

    /// <summary>Another node cannot be reached: looks at the leases at once.</summary>
    public void Suspect(NodeName node) => Tell(policy => policy.Suspect(Now(), node));

    /// <summary>Another node can be reached.</summary>
    public void Trust(NodeName node) => Tell(policy => policy.Trust(node));

    /// <summary>What the node says of itself has changed: tells the others at once.</summary>
    public void ReportNow() => Tell(policy => policy.Hint(Now()));

    /// <summary>Gives the name back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        try
        {
            if (_policy.Incarnation != 0)
            {
                using var patience = new CancellationTokenSource(_settings.Renewal, _time);
                await _table.LeaveAsync(_self, _policy.Incarnation, patience.Token);
            }
        }
        catch (Exception e) when (e is LeaseTableException or OperationCanceledException)
        {
            LogNotLeft(e.Message);
        }

        _stopping.Dispose();
    }

    [LoggerMessage(LogLevel.Warning, "The lease cannot be renewed; the node goes on with whom it knows: {Reason}")]
    private partial void LogUnreachable(string reason);

    [LoggerMessage(LogLevel.Information, "The cluster's database is reached again")]
    private partial void LogReachable();

    [LoggerMessage(LogLevel.Warning, "The lease was lost; the node has joined again as incarnation {Incarnation}")]
    private partial void LogRejoined(long incarnation);

    [LoggerMessage(LogLevel.Error, "Another node has taken the name '{Name}' while this one could not renew its lease. Stop one of them.")]
    private partial void LogNameTaken(string name);

    [LoggerMessage(LogLevel.Information, "The nodes that are alive: {Members}")]
    private partial void LogView(string members);

    [LoggerMessage(LogLevel.Information, "The lease could not be given back and will run out: {Reason}")]
    private partial void LogNotLeft(string reason);

    private TimeSpan Now() => _time.GetElapsedTime(_epoch);

    private void Tell(Action<MembershipPolicy> what)
    {
        lock (_gate)
        {
            what(_policy);
            _waiting?.Cancel();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await WaitAsync(_stopping.Token);
                await RenewAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The node leaves.
        }
    }

    // Until it is time to look again. Whoever tells the policy something ends a wait, since the time may be another then.
    private async Task WaitAsync(CancellationToken cancellation)
    {
        while (true)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            TimeSpan wait;
            lock (_gate)
            {
                wait = _policy.NextAt - Now();
                _waiting = waiting;
            }

            try
            {
                if (wait <= TimeSpan.Zero)
                {
                    return;
                }

                if (_isReachable && wait > _settings.LeastPause)
                {
                    await _table.WaitAsync(wait, waiting.Token);
                    lock (_gate)
                    {
                        _policy.Hint(Now());
                    }
                }
                else
                {
                    await Task.Delay(wait, _time, waiting.Token);
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Somebody has told the policy something.
            }
            finally
            {
                lock (_gate)
                {
                    _waiting = null;
                }
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        var sentAt = Now();
        try
        {
            if (_policy.MustClaim)
            {
                await ClaimAgainAsync(sentAt, cancellation);
            }

            sentAt = Now();
            var asked = _time.GetUtcNow();
            var reading = await _table.RenewAsync(_self, _policy.Incarnation, _report(), _settings.Lease, cancellation);
            _offset.Add(asked, Now() - sentAt, reading.Clock);
            if (!_isReachable)
            {
                _isReachable = true;
                LogReachable();
            }

            Volatile.Write(ref _rows, reading.Rows);
            bool hasChanged;
            ClusterView view;
            lock (_gate)
            {
                hasChanged = _policy.Observe(sentAt, reading);
                view = _policy.View;
            }

            if (hasChanged)
            {
                LogView(string.Join(", ", view.Members.Select(member => member.Name.Value)));
            }

            _publish(view, hasChanged);
        }
        catch (LeaseTableException e)
        {
            if (_isReachable)
            {
                // Once: it is tried again all the time.
                _isReachable = false;
                LogUnreachable(e.Message);
            }

            lock (_gate)
            {
                _policy.Fail(Now());
            }
        }
    }

    private async Task ClaimAgainAsync(TimeSpan sentAt, CancellationToken cancellation)
    {
        if (await _table.ClaimAsync(_self, _report(), _settings.Lease, cancellation) is not { } incarnation)
        {
            if (_isReachable)
            {
                LogNameTaken(_self.Value);
            }

            throw new LeaseTableException($"Another node has the name '{_self}'.");
        }

        lock (_gate)
        {
            _policy.Claimed(sentAt, incarnation);
        }

        LogRejoined(incarnation);
    }
}
