using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Errors;
using Virga.Pulsar.Protocol;

namespace Virga.Pulsar.Tests;

public sealed class ServerErrorsTests
{
    [Fact]
    public async Task Every_problem_of_the_table_is_documented_with_its_number()
    {
        var folder = Repository();
        var pulsar = await File.ReadAllLinesAsync(Path.Combine(folder, "docs", "pulsar.md"), TestContext.Current.CancellationToken);
        var problems = await File.ReadAllTextAsync(Path.Combine(folder, "docs", "problems.md"), TestContext.Current.CancellationToken);

        foreach (var (slug, error) in ServerErrors.Table)
        {
            pulsar.ShouldContain(line => line.StartsWith('|') && line.Contains($"`{slug}`") && line.Contains($"`{error}`"), slug);
            problems.ShouldContain($"`{slug}`", Case.Sensitive, slug);
        }
    }

    [Fact]
    public void A_problem_that_is_not_in_the_table_goes_by_whose_fault_it_was()
    {
        ServerErrors.Of(KnownProblems.TopicMoved("It moved.", NodeName.Parse("other"))).ShouldBe(ServerError.ServiceNotReady);
        ServerErrors.Of(KnownProblems.StateUnavailable("It is away.")).ShouldBe(ServerError.ServiceNotReady);
        ServerErrors.Of(KnownProblems.InvalidSpec("It is wrong.")).ShouldBe(ServerError.NotAllowedError);
        ServerErrors.Text(KnownProblems.InvalidSpec("It is wrong.", "Mend it.")).ShouldBe("It is wrong. Mend it.");
    }

    private static string Repository()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "virga.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("The tests do not run within their repository.");
    }
}
