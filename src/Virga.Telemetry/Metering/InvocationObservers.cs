using Virga.Core.Invocations;

namespace Virga.Telemetry.Metering;

/// <summary>Tells several observers of an invocation, in their order.</summary>
internal sealed class InvocationObservers(params IInvocationObserver[] observers) : IInvocationObserver
{
    public void Completed(in InvocationRecord record)
    {
        foreach (var observer in observers)
        {
            observer.Completed(record);
        }
    }
}
