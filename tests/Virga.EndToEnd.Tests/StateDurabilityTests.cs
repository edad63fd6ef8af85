using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>What shared state has acknowledged survives the node that did.</summary>
public sealed class StateDurabilityTests(DurableNode node) : IClassFixture<DurableNode>
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_kill_and_after_a_stop()
    {
        await node.DeployAsync("counts", Source.JavaScript("export default (event, { state }) => state.counter('count').increment();"));
        for (var i = 1; i <= 20; i++)
        {
            (await node.GetAsync("/f/counts")).Body.ShouldBe($"{i}");
        }

        await node.KillAsync();
        await node.StartAsync();
        (await node.GetAsync("/f/counts")).Body.ShouldBe("21");

        await node.StopAsync();
        await node.StartAsync();
        (await node.GetAsync("/f/counts")).Body.ShouldBe("22");
    }
}
