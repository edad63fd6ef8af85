using Microsoft.Extensions.Logging;
using Virga.Core.Problems;
using Virga.Topics.Metadata;

namespace Virga.Topics.Subscriptions.Cursors;

/// <summary>
/// Makes a cursor durable: some time after a change, at once for those who wait for it. One write at a time; those who come meanwhile share the next one. Each write is conditional on the one
/// before: when another has written the key, the topic has another owner, and this subscription ends.
/// </summary>
internal sealed partial class CursorKeeper : IAsyncDisposable
{
    // Who waits, and whether a write is on its way.
    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiters = [];
    private readonly SubscriptionContext _context;
    private readonly string _key;
    private readonly ICursorSource _source;
    private readonly ITimer _timer;
    private long _version;
    private long _saved;
    private Task _saving = Task.CompletedTask;
    private bool _isSaving;
    private bool _isDueAgain;
    private bool _isArmed;
    private bool _isEnded;

    /// <param name="context">Where it is kept.</param>
    /// <param name="key">Under which key.</param>
    /// <param name="version">The version that the key has; 0 for none.</param>
    /// <param name="saved">Up to which change it is stored.</param>
    /// <param name="source">What is to be stored.</param>
    public CursorKeeper(SubscriptionContext context, string key, long version, long saved, ICursorSource source)
    {
        (_context, _key, _version, _saved, _source) = (context, key, version, saved, source);
        _timer = context.Time.CreateTimer(static state => ((CursorKeeper)state!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>There are changes: they are stored within a while. Cheap where that is known.</summary>
    public void Changed()
    {
        if (Volatile.Read(ref _isArmed))
        {
            return;
        }

        lock (_gate)
        {
            if (!_isArmed && !_isEnded)
            {
                _isArmed = true;
                _timer.Change(_context.Options.CursorInterval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Waits until the changes up to a number are stored.</summary>
    public ValueTask FlushAsync(long changes, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_saved >= changes)
            {
                return ValueTask.CompletedTask;
            }

            ObjectDisposedException.ThrowIf(_isEnded, this);
            waiter = new Waiter(changes);
            _waiters.Add(waiter);
            Start();
        }

        return new ValueTask(waiter.Task.WaitAsync(cancellation));
    }

    /// <summary>Removes what is stored; nothing is written after it.</summary>
    public async ValueTask DeleteAsync(CancellationToken cancellation)
    {
        await EndAsync();
        try
        {
            await _context.Metadata.WriteAsync([new MetadataWrite(_key, null, null)], cancellation);
        }
        finally
        {
            Release(new ObjectDisposedException(nameof(CursorKeeper), "The subscription was deleted."));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        Release(new ObjectDisposedException(nameof(CursorKeeper), "The subscription is closed."));
    }

    private async Task EndAsync()
    {
        Task saving;
        lock (_gate)
        {
            _isEnded = true;
            saving = _saving;
        }

        await _timer.DisposeAsync();
        await saving;
    }

    private void Due()
    {
        lock (_gate)
        {
            _isArmed = false;
            Start();
        }
    }

    // Under the gate.
    private void Start()
    {
        if (_isSaving)
        {
            _isDueAgain = true;
        }
        else if (!_isEnded)
        {
            _isSaving = true;
            _saving = SaveAsync();
        }
    }

    private async Task SaveAsync()
    {
        // The gate that Start holds is not to be held while the source is asked.
        await Task.Yield();
        while (true)
        {
            long changes;
            try
            {
                var bytes = _source.Snapshot(out changes);
                if (changes > _saved)
                {
                    await WriteAsync(bytes);
                    _source.Saved();
                }
            }
            catch (MetadataConflictException e)
            {
                LogLost(_context.Logger, _key, e);
                Failed(e, isEnd: true);
                _source.Lost();
                return;
            }
            catch (Exception e)
            {
                LogFailed(_context.Logger, _key, e);
                Failed(e, isEnd: false);
                Changed();
                return;
            }

            if (!Saved(changes))
            {
                return;
            }
        }
    }

    private async Task WriteAsync(byte[] bytes)
    {
        var write = new MetadataWrite(_key, bytes, _version);
        try
        {
            _version = (await _context.Metadata.WriteAsync([write], CancellationToken.None))[0];
        }
        catch (MetadataConflictException)
        {
            // A write that seemed to fail may have taken effect after all: then what is stored is this subscription's own.
            var stored = await _context.Metadata.GetAsync(_key, CancellationToken.None);
            if (stored is not { } value || CursorCodec.Decode(value.Bytes.Span)?.Writer != _source.Writer)
            {
                throw;
            }

            _version = (await _context.Metadata.WriteAsync([write with { Expected = value.Version }], CancellationToken.None))[0];
        }
    }

    // Whether more is to be written at once.
    private bool Saved(long changes)
    {
        lock (_gate)
        {
            _saved = Math.Max(_saved, changes);
            var left = 0;
            for (var i = 0; i < _waiters.Count; i++)
            {
                if (_waiters[i].Changes <= _saved)
                {
                    _waiters[i].SetResult();
                }
                else
                {
                    _waiters[left++] = _waiters[i];
                }
            }

            _waiters.RemoveRange(left, _waiters.Count - left);
            _isSaving = (left > 0 || _isDueAgain) && !_isEnded;
            _isDueAgain = false;
            return _isSaving;
        }
    }

    private void Failed(Exception failure, bool isEnd)
    {
        lock (_gate)
        {
            _isSaving = false;
            _isEnded |= isEnd;
        }

        Release(new ProblemException(KnownProblems.Unavailable($"The subscription's acknowledgements could not be stored: {failure.Message}", "Acknowledge again: they are kept in memory and stored as soon as that is possible.")));
    }

    private void Release(Exception failure)
    {
        Waiter[] waiters;
        lock (_gate)
        {
            waiters = [.. _waiters];
            _waiters.Clear();
        }

        foreach (var waiter in waiters)
        {
            waiter.TrySetException(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cursor {Key} has another owner now; this one ends")]
    private static partial void LogLost(ILogger logger, string key, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cursor {Key} could not be stored; that is tried again")]
    private static partial void LogFailed(ILogger logger, string key, Exception exception);

    private sealed class Waiter(long changes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Changes { get; } = changes;
    }
}
