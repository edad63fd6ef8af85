namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>How long what RabbitMQ does not do now is tried again, and how often.</summary>
internal sealed class Retry(TimeSpan patience, TimeProvider time)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    private TimeSpan _delay = FirstDelay;
    private long _since = -1;

    /// <summary>Whether it has failed for longer than is waited.</summary>
    public bool IsOver => _since >= 0 && time.GetElapsedTime(_since) >= patience;

    /// <summary>It worked: the next failure is the first.</summary>
    public void Succeeded()
    {
        _since = -1;
        _delay = FirstDelay;
    }

    /// <summary>It failed: waits before the next attempt.</summary>
    public Task FailedAsync(CancellationToken cancellation)
    {
        _since = _since < 0 ? time.GetTimestamp() : _since;
        var delay = _delay;
        _delay = _delay * 2 < LongestDelay ? _delay * 2 : LongestDelay;
        return Task.Delay(delay, time, cancellation);
    }

    /// <summary>Does something until it works, or has failed for longer than is waited.</summary>
    /// <exception cref="LedgerStoreException">It does not work.</exception>
    public async Task<T> RunAsync<T>(string where, Func<Task<T>> work, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await work();
            }
            catch (Exception exception) when (RabbitMqFaults.IsTransient(exception) && !RabbitMqFaults.IsMissing(exception) && !IsOver)
            {
                await FailedAsync(cancellation);
            }
            catch (Exception exception) when (RabbitMqFaults.IsKnown(exception) && !RabbitMqFaults.IsMissing(exception))
            {
                throw new LedgerStoreException($"RabbitMQ at {where} cannot be used: {RabbitMqFaults.Describe(exception)}. Check that it runs and that its user may use streams.", exception);
            }
        }
    }
}
