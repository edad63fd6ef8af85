using Virga.Core.Problems;
using Virga.Topics.Publishing;
using Virga.Topics.Subscriptions;

namespace Virga.Topics.Clients.Serving;

/// <summary>Lets a producer that asks for exclusive access wait for it before it counts as attached.</summary>
internal sealed class AdmissionSink(IProducerSink sink) : IProducerSink
{
    private readonly TaskCompletionSource _admission = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it has access.</summary>
    public Task Admission => _admission.Task;

    public void Closed(CloseReason reason)
    {
        _admission.TrySetException(new ProblemException(KnownProblems.Unavailable("The topic was closed while the producer waited for it.", "Attach again.")));
        sink.Closed(reason);
    }

    public void Admitted()
    {
        _admission.TrySetResult();
        sink.Admitted();
    }
}
