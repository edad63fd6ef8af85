namespace Virga.Topics.Brokers;

/// <summary>The place of one topic among those in memory: whoever asks for it while it is opened waits for the same opening.</summary>
internal sealed class TopicSlot
{
    private readonly TaskCompletionSource<Topic?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The topic, once it is opened; null when it does not exist, or was deleted.</summary>
    public Task<Topic?> Opened => _opened.Task;

    /// <summary>The topic where it is open now.</summary>
    public Topic? Topic => _opened.Task.IsCompletedSuccessfully ? _opened.Task.Result : null;

    /// <summary>What opens it.</summary>
    public Task Filling { get; set; } = Task.CompletedTask;

    public void Open(Topic? topic) => _opened.SetResult(topic);

    public void Fail(Exception failure) => _opened.SetException(failure);
}
