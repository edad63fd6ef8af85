namespace Virga.Core.Invocations;

/// <summary>Runs invocations: finds or starts an instance, hands the call over, gives back the answer.</summary>
public interface IInvoker
{
    /// <summary>
    /// Runs one invocation to the head of its answer. Failures are outcomes, not exceptions. The result must be disposed when its answer has been passed on;
    /// cancelling <paramref name="cancellation"/>, before or after the head, cancels the call.
    /// </summary>
    ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation);
}
