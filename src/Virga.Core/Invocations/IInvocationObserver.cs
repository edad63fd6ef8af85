namespace Virga.Core.Invocations;

/// <summary>Takes note of invocations that have ended: metrics, usage, logs.</summary>
public interface IInvocationObserver
{
    /// <summary>Called once per invocation, on the path of the call: it must not block and should not allocate.</summary>
    void Completed(in InvocationRecord record);
}
