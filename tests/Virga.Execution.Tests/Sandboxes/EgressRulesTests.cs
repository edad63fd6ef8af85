using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

public sealed class EgressRulesTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Where_clouds_serve_the_machines_credentials_is_out_of_reach_once_for_each_address(bool allowsPrivate)
    {
        string[] unreachable = [.. new EgressRules { AllowsPrivate = allowsPrivate }.Unreachable()];

        unreachable.ShouldBeUnique();
        foreach (string metadata in (string[])["169.254.0.0/16", "192.0.0.0/24", "168.63.129.16/32", "100.100.100.200/32"])
        {
            unreachable.ShouldContain(metadata);
        }

        unreachable.Contains("10.0.0.0/8").ShouldBe(!allowsPrivate);
    }
}
