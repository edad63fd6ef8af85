using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Core.Streams;

namespace Virga.Core.Tests.Streams;

public sealed class StreamRulesTests
{
    private static readonly StreamSpec s_valid = new() { Inputs = ["in"], Function = "f" };

    public static TheoryData<string, StreamSpec> Broken => new()
    {
        { "inputs", s_valid with { Inputs = [] } },
        { "inputs", s_valid with { Pattern = "in-.*" } },
        { "pattern", s_valid with { Inputs = [], Pattern = "(" } },
        { "parallelism", s_valid with { Parallelism = 0 } },
        { "batch", s_valid with { Batch = 10_001 } },
        { "retries", s_valid with { Retries = -1 } },
        { "exactly one", s_valid with { Window = new StreamWindow() } },
        { "exactly one", s_valid with { Window = new StreamWindow { Count = 1, Gap = Duration.FromSeconds(1) } } },
        { "slide", s_valid with { Window = new StreamWindow { Size = Duration.FromSeconds(10), Slide = Duration.FromSeconds(3) } } },
        { "slide", s_valid with { Window = new StreamWindow { Count = 10, Slide = Duration.FromSeconds(3) } } },
        { "every", s_valid with { Window = new StreamWindow { Count = 10, Every = 11 } } },
        { "size", s_valid with { Window = new StreamWindow { Size = default(Duration) } } },
        { "batch", s_valid with { Batch = 2, Window = new StreamWindow { Count = 10 } } },
        { "at most once", s_valid with { Processing = StreamProcessing.AtMostOnce, Window = new StreamWindow { Count = 10 } } },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_cannot_run_is_refused_and_named(string named, StreamSpec spec)
    {
        var problem = Should.Throw<ProblemException>(() => StreamRules.Check(spec)).Problem;
        problem.Slug.ShouldBe("invalid-spec");
        problem.Detail!.ShouldContain(named);
    }

    [Fact]
    public void What_can_run_is_accepted()
    {
        StreamRules.Check(s_valid);
        StreamRules.Check(s_valid with { Inputs = [], Pattern = "orders-.*", Batch = 100 });
        StreamRules.Check(s_valid with { Window = new StreamWindow { Size = Duration.FromSeconds(60), Slide = Duration.FromSeconds(10) }, Processing = StreamProcessing.EffectivelyOnce });
    }
}
