namespace Virga.Cluster.Tests.Simulation;

public sealed class MembershipSimulationTests
{
    [Fact]
    public void Whatever_fails_names_are_held_once_and_all_agree_in_the_end()
    {
        for (var seed = 0; seed < 600; seed++)
        {
            new MembershipSimulation(seed).Run();
        }
    }

    [Fact]
    public void Nobody_is_taken_for_gone_because_the_table_was()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            new MembershipSimulation(seed, onlyOutages: true).Run();
        }
    }

    [Fact]
    public void A_table_that_renews_what_has_run_out_is_found()
    {
        // The checker itself is checked: with this mistake an incarnation comes back to life.
        var found = Should.Throw<MembershipViolation>(() =>
        {
            for (var seed = 0; seed < 200; seed++)
            {
                new MembershipSimulation(seed, renewsWhatHasRunOut: true).Run();
            }
        });
        found.Message.ShouldContain("has come back");
    }
}
