namespace Virga.Execution.Tests.Sandboxes;

public sealed class PrivilegeTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task A_worker_has_no_capabilities_no_new_privileges_and_a_filter()
    {
        string status = await sandboxes.PrintedByShellAsync("cat /proc/self/status");

        status.ShouldContain("CapEff:\t0000000000000000");
        status.ShouldContain("CapPrm:\t0000000000000000");
        status.ShouldContain("CapBnd:\t0000000000000000");
        status.ShouldContain("CapInh:\t0000000000000000");
        status.ShouldContain("CapAmb:\t0000000000000000");
        status.ShouldContain("NoNewPrivs:\t1");
        status.ShouldContain("Seccomp:\t2");
    }
}
