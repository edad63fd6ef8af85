namespace Virga.Execution.Channel;

/// <summary>Who hears what a worker says beside its answers.</summary>
internal interface IChannelOwner
{
    /// <summary>A log line; <paramref name="call"/> is null when the worker did not say which call printed it.</summary>
    void OnLog(WorkerCall? call, ReadOnlySpan<byte> header, ReadOnlySpan<byte> text);

    /// <summary>Both directions of a call have ended: its place in the instance is free.</summary>
    void OnCallClosed(WorkerCall call);

    /// <summary>A call passed its deadline: the instance takes no new ones and ends when the others are done.</summary>
    void OnDeadlineMissed(WorkerCall call);
}
