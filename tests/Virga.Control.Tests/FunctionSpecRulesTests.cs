using Virga.Control.Functions;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

public sealed class FunctionSpecRulesTests
{
    private static readonly FunctionSpec Plain = new() { Environment = "node", Package = "sha256:0" };

    public static TheoryData<string, FunctionSpec> Refused => new()
    {
        { "minInstances is -1", Plain with { MinInstances = -1, Executor = Executor.Dedicated } },
        { "minInstances is 17; it must be from 0 to maxInstances, which is 16", Plain with { MinInstances = 17, Executor = Executor.Dedicated } },
        { "minInstances is 1, but the executor is pool", Plain with { MinInstances = 1 } },
        { "executor is 7", Plain with { Executor = (Executor)7 } },
        { "targetUtilisation is 0", Plain with { TargetUtilisation = 0 } },
        { "targetUtilisation is 1.1", Plain with { TargetUtilisation = 1.1 } },
        { "targetUtilisation is NaN", Plain with { TargetUtilisation = double.NaN } },
        { "keepWarm.idle is 8d", Plain with { KeepWarm = new KeepWarm { Idle = Days(8) } } },
        { "keepWarm.frozen is 8d", Plain with { KeepWarm = new KeepWarm { Frozen = Days(8) } } },
        { "keepWarm.snapshot is 91d", Plain with { KeepWarm = new KeepWarm { Snapshot = Days(91) } } },
        { "egress is 9", Plain with { Egress = (EgressPolicy)9 } },
        { "sticky is 'user'", Plain with { Sticky = "user" } },
        { "sticky is 'header:'", Plain with { Sticky = "header:" } },
        { "sticky is 'header:a b'", Plain with { Sticky = "header:a b" } },
        { "but concurrency is 2", Plain with { OnceOnly = true, Concurrency = 2 } },
        { "but maxCallsPerInstance is 5", Plain with { OnceOnly = true, MaxCallsPerInstance = 5 } },
        { "but the function is sticky", Plain with { OnceOnly = true, Sticky = "header:x-user" } },
        { "provisioned[0].instances is 0", Provisioned(new ProvisionedWindow { Instances = 0 }) },
        { "provisioned[1].instances is 17", Provisioned(new ProvisionedWindow { Instances = 1 }, new ProvisionedWindow { Instances = 17 }) },
        { "has a schedule but no duration", Provisioned(new ProvisionedWindow { Instances = 1, Schedule = "0 8 * * *" }) },
        { "has a duration but no schedule", Provisioned(new ProvisionedWindow { Instances = 1, Duration = Days(1) }) },
        { "has a timeZone but no schedule", Provisioned(new ProvisionedWindow { Instances = 1, TimeZone = "Europe/Berlin" }) },
        { "duration is 0s", Provisioned(new ProvisionedWindow { Instances = 1, Schedule = "0 8 * * *", Duration = Days(0) }) },
        { "duration is 8d", Provisioned(new ProvisionedWindow { Instances = 1, Schedule = "0 8 * * *", Duration = Days(8) }) },
        { "provisioned[0].schedule is 'at noon'", Provisioned(new ProvisionedWindow { Instances = 1, Schedule = "at noon", Duration = Days(1) }) },
        { "provisioned[0].schedule is '0 25 * * *'", Provisioned(new ProvisionedWindow { Instances = 1, Schedule = "0 25 * * *", Duration = Days(1) }) },
        { "timeZone is 'Europe/Atlantis'", Provisioned(new ProvisionedWindow { Instances = 1, Schedule = "0 8 * * *", Duration = Days(1), TimeZone = "Europe/Atlantis" }) },
    };

    public static TheoryData<FunctionSpec> Taken => new()
    {
        Plain,
        Plain with { Executor = Executor.Dedicated, MinInstances = 16 },
        Plain with { TargetUtilisation = 1, Egress = EgressPolicy.Internet, Isolation = Isolation.Gvisor },
        Plain with { KeepWarm = new KeepWarm { Idle = Days(0), Frozen = Days(0), Snapshot = Days(90) } },
        Plain with { OnceOnly = true, Executor = Executor.Dedicated, MinInstances = 2, MaxCallsPerInstance = 1 },
        Plain with { OnceOnly = true, Provisioned = [new ProvisionedWindow { Instances = 2 }] },
        Provisioned(new ProvisionedWindow { Instances = 16, Schedule = "0 8 * * 1-5", Duration = Days(7), TimeZone = "Europe/Berlin" }),
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_breaks_a_rule_is_refused_and_named(string message, FunctionSpec spec)
    {
        var problem = Should.Throw<ProblemException>(() => FunctionSpecRules.Check(spec)).Problem;

        problem.Slug.ShouldBe("invalid-spec");
        problem.Detail.ShouldNotBeNull().ShouldContain(message);
        problem.Fix.ShouldNotBeNullOrEmpty();
    }

    [Theory]
    [MemberData(nameof(Taken))]
    public void What_keeps_the_rules_is_taken(FunctionSpec spec) => FunctionSpecRules.Check(spec);

    [Fact]
    public void A_sticky_header_is_kept_in_lower_case() => FunctionSpecRules.Check(Plain with { Sticky = "header:X-User" }).Sticky.ShouldBe("header:x-user");

    private static Duration Days(int days) => new(TimeSpan.FromDays(days));

    private static FunctionSpec Provisioned(params ProvisionedWindow[] windows) => Plain with { Provisioned = windows };
}
