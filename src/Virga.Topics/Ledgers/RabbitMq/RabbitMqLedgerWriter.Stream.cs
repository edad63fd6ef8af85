using System.Buffers;
using RabbitMQ.Client;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <content>What passes between the writer and its stream: what it sends, what comes back, and what happens when the way breaks.</content>
internal sealed partial class RabbitMqLedgerWriter
{
    public async ValueTask OnRecordAsync(StreamConsumer consumer, ulong tag, long offset, StreamRecord record, ReadOnlyMemory<byte> data)
    {
        await _telling.WaitAsync();
        try
        {
            if (!IsCurrent(consumer))
            {
                return;
            }

            _next = offset + 1;
            Take(record);

            // When there is nothing else to come as well: RabbitMQ closes channels that leave a record unacknowledged for half an hour.
            if (++_unacknowledged >= Prefetch / 4 || PendingBytes == 0)
            {
                _unacknowledged = 0;
                await consumer.AcknowledgeAsync(tag, multiple: true);
            }
        }
        finally
        {
            _telling.Release();
        }
    }

    public void OnEnded(StreamConsumer consumer, Exception reason)
    {
        lock (_state)
        {
            if (!ReferenceEquals(consumer, _consumer))
            {
                return;
            }

            _lost ??= reason;
        }

        _wake.Release();
    }

    // A channel that was given up may still bring records: they come again.
    private bool IsCurrent(StreamConsumer consumer)
    {
        lock (_state)
        {
            return ReferenceEquals(consumer, _consumer) && _failure is null;
        }
    }

    private void Take(StreamRecord record)
    {
        if (record.Kind == StreamRecordKind.Fence)
        {
            if (record.Epoch >= _epoch.Value)
            {
                Fail(Fenced());
            }

            return;
        }

        LedgerAppend append;
        bool isDrained;
        lock (_state)
        {
            // What has come before was sent twice. A gap means that RabbitMQ has lost one: all behind it is sent again, and counts then.
            if (record.Epoch != _epoch.Value || record.Number != _pending.LastConfirmed + 1)
            {
                if (record.Epoch == _epoch.Value && record.Number > _pending.LastConfirmed)
                {
                    _lost ??= new IOException($"Entry {_pending.LastConfirmed + 1} was lost on its way.");
                    _wake.Release();
                }

                return;
            }

            append = _pending.Confirm();
            _tail.Add(append.Data);
            isDrained = _isClosing && _pending.IsEmpty;
        }

        append.Confirmed();
        if (isDrained)
        {
            _drained.TrySetResult();
        }
    }

    private async Task RunAsync()
    {
        while (IsSound)
        {
            try
            {
                await using var consumer = await OpenAsync();
                await SendAsync(consumer);
            }
            catch (Exception exception) when (RabbitMqFaults.IsKnown(exception) || exception is LedgerStoreException || _stop.IsCancellationRequested)
            {
                await RecoverAsync(exception);
            }
            catch (Exception exception)
            {
                Fail(new LedgerStoreException($"The writer of ledger {Id} has failed: {exception.Message}", exception));
            }
        }

        await TellFailureAsync();
    }

    private async Task<StreamConsumer> OpenAsync()
    {
        await _telling.WaitAsync(_stop.Token);
        try
        {
            lock (_state)
            {
                _consumer = null;
                _lost = null;
                _pending.Rewind();
            }

            _unacknowledged = 0;
        }
        finally
        {
            _telling.Release();
        }

        var channel = await _connections.OpenChannelAsync(hasConfirms: true, _stop.Token);
        channel.BasicNacksAsync += (_, _) =>
        {
            Lose(new IOException("RabbitMQ has refused an entry."));
            return Task.CompletedTask;
        };
        var consumer = new StreamConsumer(channel, _queue, this);
        lock (_state)
        {
            _consumer = consumer;
        }

        await consumer.BeginAsync(_next, Prefetch, _stop.Token);
        _retry.Succeeded();
        return consumer;
    }

    private void Lose(Exception reason)
    {
        lock (_state)
        {
            _lost ??= reason;
        }

        _wake.Release();
    }

    private async Task SendAsync(StreamConsumer consumer)
    {
        while (true)
        {
            LedgerAppend? append;
            StreamRecord record;
            lock (_state)
            {
                if (_failure is not null)
                {
                    return;
                }

                if (_lost is not null)
                {
                    throw _lost;
                }

                append = _pending.TakeUnsent(out var totalBytes);
                _isWaiting = append is null;
                record = new StreamRecord(StreamRecordKind.Entry, _epoch.Value, append?.EntryId ?? 0, _pending.LastConfirmed, totalBytes);
            }

            if (append is null)
            {
                await _wake.WaitAsync(_stop.Token);
            }
            else
            {
                await PublishAsync(consumer.Channel, record, append.Data);
            }
        }
    }

    private async ValueTask PublishAsync(IChannel channel, StreamRecord record, ReadOnlyMemory<byte> data)
    {
        var size = StreamRecord.Size + data.Length;
        var message = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            record.Write(message, data.Span);
            await channel.BasicPublishAsync("", _queue, mandatory: false, _properties, message.AsMemory(0, size), _stop.Token);
        }
        finally
        {
            // The client has copied it into frames.
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    private async Task RecoverAsync(Exception exception)
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        if (exception is LedgerStoreException failure)
        {
            Fail(failure);
        }
        else if (_retry.IsOver || !RabbitMqFaults.IsTransient(exception) || await IsDeletedAsync(exception))
        {
            Fail(new LedgerStoreException($"Ledger {Id} cannot be written: RabbitMQ at {_connections.Where} says: {RabbitMqFaults.Describe(exception)}.", exception));
        }
        else
        {
            try
            {
                await _retry.FailedAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                // The writer was given up, which its failure says already.
                return;
            }
        }
    }

    // A stream is also not found while RabbitMQ starts; what was deleted is in no directory.
    private async Task<bool> IsDeletedAsync(Exception exception)
    {
        try
        {
            return RabbitMqFaults.IsMissing(exception) && await _directory.FindAsync(Id, _stop.Token) is null;
        }
        catch (Exception unknown) when (unknown is Core.Problems.ProblemException or OperationCanceledException)
        {
            // Nobody knows now: asked again at the next attempt.
            return false;
        }
    }

    private async Task TellFailureAsync()
    {
        await _telling.WaitAsync();
        try
        {
            while (true)
            {
                LedgerAppend? append;
                LedgerStoreException failure;
                lock (_state)
                {
                    failure = _failure!;
                    append = _pending.Abandon();
                }

                if (append is null)
                {
                    break;
                }

                append.Failed(failure);
            }
        }
        finally
        {
            _telling.Release();
        }

        _drained.TrySetResult();
    }
}
