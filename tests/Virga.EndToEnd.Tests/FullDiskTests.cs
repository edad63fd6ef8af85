using Virga.EndToEnd.Tests.Support;

namespace Virga.EndToEnd.Tests;

/// <summary>A full disk stops changes, not calls; room that is freed makes all well again.</summary>
public sealed class FullDiskTests(SmallDiskNode node) : IClassFixture<SmallDiskNode>
{
    private const int PlatformFailed = 5;

    [Fact]
    public async Task A_full_disk_refuses_changes_serves_calls_and_is_forgotten_when_there_is_room_again()
    {
        Assert.SkipWhen(node.Missing is not null, node.Missing ?? "");
        var source = Source.JavaScript("export default () => { console.log('x'.repeat(1000)); return 1; };");
        await node.DeployAsync("served", source);
        (await node.GetAsync("/f/served")).Body.ShouldBe("1");
        node.FillDisk();

        (await node.DeployByCommandAsync("unstored", Source.JavaScript("export default () => 2;"))).ShouldFail(PlatformFailed, "storage-full");
        (await node.RunAsync("route", "add", "GET /served", "served")).ShouldFail(PlatformFailed, "storage-full");
        (await node.GetAsync("/f/served")).Body.ShouldBe("1");
        (await node.RunAsync("fn", "list")).ShouldSucceed();

        node.FreeDisk();

        (await node.DeployByCommandAsync("unstored", Source.JavaScript("export default () => 2;"), "--route", "GET /stored")).ShouldSucceed();
        (await node.GetAsync("/stored")).Body.ShouldBe("2");
        (await node.StopAsync()).ShouldBe(0, node.Errors);
        await node.StartAsync();
        (await node.GetAsync("/stored")).Body.ShouldBe("2");
        (await node.ControlAsync("usage?function=served")).Json["total"]!["calls"]!.GetValue<int>().ShouldBe(2);
    }
}
