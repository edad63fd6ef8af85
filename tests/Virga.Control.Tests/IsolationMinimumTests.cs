using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

public sealed class IsolationMinimumTests
{
    private static readonly IsolationMinimums Minimums = new()
    {
        Everyone = Isolation.Bubblewrap,
        Tenants = new Dictionary<ResourceName, Isolation> { [ResourceName.Parse("acme")] = Isolation.Gvisor, [ResourceName.Parse("lax")] = Isolation.Process },
    };

    [Theory]
    [InlineData("default", "process", 422)]
    [InlineData("default", "bubblewrap", 201)]
    [InlineData("default", null, 201)]
    [InlineData("acme", "bubblewrap", 422)]
    [InlineData("acme", "gvisor", 201)]
    [InlineData("acme", null, 201)]
    [InlineData("lax", "process", 422)]
    public async Task A_spec_that_asks_for_less_than_its_tenant_needs_is_refused(string tenant, string? isolation, int status)
    {
        await using var host = await ControlHost.StartAsync(options => options with { Isolation = Minimums });
        var package = (string?)(await host.UploadAsync())["digest"];

        var answer = await host.SendAsync(HttpMethod.Put, $"tenants/{tenant}/namespaces/default/functions/f", new { spec = new { environment = "node", package, isolation } }, status);

        if (status == 422)
        {
            ((string?)answer["type"]).ShouldBe("urn:virga:problem:invalid-spec");
            ((string?)answer["detail"]).ShouldNotBeNull().ShouldContain($"isolation is {isolation}, but functions of the tenant '{tenant}' need");
        }
    }

    [Theory]
    [InlineData("default", null, Isolation.Process, Isolation.Bubblewrap)]
    [InlineData("default", null, Isolation.Gvisor, Isolation.Gvisor)]
    [InlineData("default", Isolation.Process, Isolation.Gvisor, Isolation.Bubblewrap)]
    [InlineData("default", Isolation.Bubblewrap, Isolation.Gvisor, Isolation.Bubblewrap)]
    [InlineData("acme", null, Isolation.Bubblewrap, Isolation.Gvisor)]
    [InlineData("acme", Isolation.Bubblewrap, Isolation.Process, Isolation.Gvisor)]
    public void A_version_runs_in_what_it_asks_for_else_the_default_and_never_below_the_minimum(string tenant, Isolation? asked, Isolation @default, Isolation expected)
    {
        var spec = new FunctionSpec { Environment = "node", Package = "sha256:0", Isolation = asked };
        var version = new FunctionVersion { Name = new FunctionName(ResourceName.Parse(tenant), ResourceName.Default, ResourceName.Parse("f")), Version = 1, Spec = spec, BuiltPackage = spec.Package };

        new IsolationPolicy(@default, Minimums).For(version).ShouldBe(expected);
    }
}
