namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>The thread pool.</summary>
public sealed class ThreadPoolQueue : IDispatchQueue
{
    /// <summary>The one.</summary>
    public static ThreadPoolQueue Instance { get; } = new();

    /// <inheritdoc/>
    public void Post(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
}
