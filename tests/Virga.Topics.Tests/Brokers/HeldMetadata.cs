using Virga.Topics.Ledgers;
using Virga.Topics.Metadata;

namespace Virga.Topics.Tests.Brokers;

/// <summary>Metadata over others whose writes wait while the test says so. It does not own them.</summary>
internal sealed class HeldMetadata(ITopicMetadata metadata) : ITopicMetadata
{
    private TaskCompletionSource? _release;
    private TaskCompletionSource _held = new();

    /// <summary>Completes when a write waits.</summary>
    public Task WhenHeld => _held.Task;

    public void Hold() => (_held, _release) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Release() => Interlocked.Exchange(ref _release, null)!.SetResult();

    public ValueTask OpenAsync(CancellationToken cancellation) => metadata.OpenAsync(cancellation);

    public ValueTask<MetadataValue?> GetAsync(string key, CancellationToken cancellation) => metadata.GetAsync(key, cancellation);

    public async ValueTask<long[]> WriteAsync(IReadOnlyList<MetadataWrite> writes, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _release) is { } release)
        {
            _held.TrySetResult();
            await release.Task.WaitAsync(cancellation);
        }

        return await metadata.WriteAsync(writes, cancellation);
    }

    public ValueTask<IReadOnlyList<KeyValuePair<string, MetadataValue>>> ListAsync(string prefix, string? after, int limit, CancellationToken cancellation) => metadata.ListAsync(prefix, after, limit, cancellation);

    public ValueTask<LedgerId> NextLedgerAsync(CancellationToken cancellation) => metadata.NextLedgerAsync(cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
