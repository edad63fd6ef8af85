namespace Virga.Topics.Subscriptions.Dispatch;

/// <summary>Runs what subscriptions have to do: the thread pool, or one thread with its own time in simulation.</summary>
public interface IDispatchQueue
{
    /// <summary>Queues it; returns at once.</summary>
    void Post(IThreadPoolWorkItem work);
}
