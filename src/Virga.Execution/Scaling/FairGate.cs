namespace Virga.Execution.Scaling;

/// <summary>
/// Lets a bounded number in at a time. Who waits is let in by turns of its key, so that one key's flood does not hold up another's
/// first. On-demand entries go first; of the background ones every few get their turn, and they never take all places, if there are several.
/// </summary>
internal sealed class FairGate
{
    // Of five turns that both sides want, the background gets one.
    private const int OnDemandTurns = 4;

    private readonly Lock _lock = new();
    private readonly FairQueue<Waiter> _onDemand = new();
    private readonly FairQueue<Waiter> _background = new();
    private readonly int _places;
    private int _entered;
    private int _enteredInBackground;
    private int _turns;

    /// <param name="places">How many may be inside at a time.</param>
    public FairGate(int places)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(places, 1);
        _places = places;
    }

    /// <summary>Whether calls wait for a start.</summary>
    public bool IsCrowded
    {
        get
        {
            lock (_lock)
            {
                return !_onDemand.IsEmpty;
            }
        }
    }

    /// <summary>Waits for a turn and a place. Keys are told apart by reference. Disposing of the lease gives the place back.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before its turn came.</exception>
    public ValueTask<Lease> EnterAsync(object key, StartPriority priority, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<Lease>(cancellation);
        }

        lock (_lock)
        {
            var background = priority == StartPriority.Background;
            if (_onDemand.IsEmpty && HasPlace(background) && (!background || _background.IsEmpty))
            {
                return ValueTask.FromResult(Admit(background));
            }

            var waiter = new Waiter(this, key, background);
            waiter.Wait(cancellation);
            return new ValueTask<Lease>(waiter.Entered.Task);
        }
    }

    private bool HasPlace(bool background) => _entered < _places && (!background || _enteredInBackground < Math.Max(1, _places - 1));

    private Lease Admit(bool background)
    {
        _entered++;
        if (background)
        {
            _enteredInBackground++;
        }

        return new Lease(this, background);
    }

    private void Leave(bool background)
    {
        Waiter? next;
        Lease? lease = null;
        lock (_lock)
        {
            _entered--;
            if (background)
            {
                _enteredInBackground--;
            }

            next = TakeNext();
            if (next is not null)
            {
                lease = Admit(next.Background);
            }
        }

        // One place became free: one is let in.
        next?.Enter(lease!);
    }

    private Waiter? TakeNext()
    {
        var background = !_background.IsEmpty && HasPlace(background: true);
        if (_onDemand.IsEmpty || (background && _turns >= OnDemandTurns))
        {
            _turns = 0;
            return background && _background.TryTake(out var promoted) ? promoted : null;
        }

        _turns = background ? _turns + 1 : 0;
        return _onDemand.TryTake(out var next) ? next : null;
    }

    /// <summary>A place inside.</summary>
    internal sealed class Lease : IDisposable
    {
        private readonly bool _background;
        private FairGate? _gate;

        internal Lease(FairGate gate, bool background)
        {
            _gate = gate;
            _background = background;
        }

        /// <summary>Gives the place back; again has no effect.</summary>
        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave(_background);
    }

    private sealed class Waiter(FairGate gate, object key, bool background)
    {
        private LinkedListNode<Waiter>? _inLine;
        private CancellationToken _cancellation;
        private CancellationTokenRegistration _registration;

        public bool Background => background;

        public TaskCompletionSource<Lease> Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private FairQueue<Waiter> Line => background ? gate._background : gate._onDemand;

        // Under the gate's lock, so that nobody lets it in before its registration is known.
        public void Wait(CancellationToken cancellation)
        {
            _inLine = Line.Add(key, this);
            _cancellation = cancellation;
            _registration = cancellation.UnsafeRegister(static waiter => ((Waiter)waiter!).Cancel(), this);
        }

        public void Enter(Lease lease)
        {
            _registration.Unregister();
            Entered.SetResult(lease);
        }

        // Who has been let in meanwhile is not cancelled: the lease is on its way to its owner.
        private void Cancel()
        {
            bool withdrawn;
            lock (gate._lock)
            {
                withdrawn = Line.Remove(key, _inLine!);
            }

            if (withdrawn)
            {
                Entered.SetCanceled(_cancellation);
            }
        }
    }
}
