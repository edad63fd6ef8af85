using System.Diagnostics;
using Virga.Gateway.Tests.Support;

namespace Virga.Gateway.Tests;

public sealed class TracingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_traceparent_is_passed_on_as_it_came()
    {
        const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await using var gateway = (await RunningGateway.StartAsync()).With("hello", invocation => ScriptedResult.Answer(200, invocation.TraceParent ?? "none"));
        using var traced = new HttpRequestMessage(HttpMethod.Get, "/f/hello");
        traced.Headers.Add("traceparent", TraceParent);
        using var response = await gateway.Client.SendAsync(traced, Cancellation);

        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe(TraceParent);
        (await gateway.SendRawAsync("GET /f/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).ShouldEndWith("none");
    }

    [Fact]
    public async Task A_listener_gets_a_span_whose_parent_is_the_callers()
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Virga.Gateway",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (spans)
                {
                    spans.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        string? passedOn = null;
        await using (var gateway = (await RunningGateway.StartAsync()).With("hello", invocation =>
        {
            passedOn = invocation.TraceParent;
            return ScriptedResult.Json("1");
        }))
        {
            await gateway.SendRawAsync($"GET /f/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntraceparent: 00-{Trace}-b7ad6b7169203331-01\r\n\r\n");
        }

        lock (spans)
        {
            var span = spans.Single(activity => activity.TraceId.ToHexString() == Trace && activity.Id == passedOn);
            span.ParentSpanId.ToHexString().ShouldBe("b7ad6b7169203331");
        }
    }
}
