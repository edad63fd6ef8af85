using System.Text;
using Virga.Core.Invocations;

namespace Virga.Composition.Tests.Dags.Simulation;

/// <summary>What becomes of a run in the simulation.</summary>
internal sealed class SimulatedRun
{
    private InvocationResult? _result;

    public bool HasEnded => _result is not null;

    public InvocationResult Result => _result.ShouldNotBeNull("the run did not end");

    /// <summary>The output, as it was when it came; the answer has been given back.</summary>
    public string Output { get; private set; } = "";

    public async Task WatchAsync(ValueTask<InvocationResult> run)
    {
        var result = await run;
        Output = Encoding.UTF8.GetString(result.Body.Span);
        await result.DisposeAsync();
        _result = result;
    }
}
