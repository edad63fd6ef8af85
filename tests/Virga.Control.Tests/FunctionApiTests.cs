namespace Virga.Control.Tests;

public sealed class FunctionApiTests
{
    [Fact]
    public async Task A_deployed_function_is_found_by_the_next_call()
    {
        await using var host = await ControlHost.StartAsync();
        var function = await host.DeployAsync("hello");
        ((string?)function["kind"]).ShouldBe("function");
        ((int?)function["status"]!["liveVersion"]).ShouldBe(1);
        ((string?)function["spec"]!["timeout"]).ShouldBe("30s");
        ((string?)function["spec"]!["memory"]).ShouldBe("128MB");
        (await host.ResolveAsync("hello")).ShouldNotBeNull().Version.ShouldBe(1);
    }
}
