using System.Collections.Concurrent;
using System.Diagnostics;

namespace Virga.Execution.Tests.Scheduling;

public sealed class TraceTests
{
    [Fact]
    public async Task An_invocation_has_a_span_that_the_function_sees_as_its_parent()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Virga.Execution",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var node = await TestNode.StartAsync();
        var function = node.Python("def handler(event, ctx):\n    return ctx.traceparent\n");
        var invocation = TestNode.Invocation(function);
        invocation.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        await using var result = await node.Engine.Scheduler.InvokeAsync(invocation, TestContext.Current.CancellationToken);

        var span = spans.Single(s => s.TraceId.ToHexString() == "0af7651916cd43dd8448eb211c80319c" && s.OperationName.StartsWith("execute", StringComparison.Ordinal));
        span.ParentSpanId.ToHexString().ShouldBe("b7ad6b7169203331");
        System.Text.Encoding.UTF8.GetString(result.Body.Span).ShouldBe($"\"{span.Id}\"");
        spans.ShouldContain(s => s.OperationName.StartsWith("start instance", StringComparison.Ordinal));
    }
}
