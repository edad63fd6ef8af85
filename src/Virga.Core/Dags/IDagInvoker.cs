using Virga.Core.Invocations;

namespace Virga.Core.Dags;

/// <summary>Runs DAGs.</summary>
public interface IDagInvoker
{
    /// <summary>Whether there is such a DAG.</summary>
    bool Contains(DagName name);

    /// <summary>
    /// Runs one to its end and gives the output as the answer, with the header <c>Virga-Dag-Run</c>. Failures are problems of the result, not exceptions. The result must be
    /// disposed when its answer has been passed on; cancelling ends the run.
    /// </summary>
    ValueTask<InvocationResult> InvokeAsync(DagCall call, CancellationToken cancellation);
}
