using Virga.Control.Storage;
using Virga.Core.Problems;

namespace Virga.Control.Tests;

public sealed class DataDirectoryTests
{
    [Fact]
    public void A_folder_in_use_is_refused_with_the_id_of_its_node()
    {
        using var folder = new TemporaryFolder();
        using var first = DataDirectory.Open(folder["data"]);
        var problem = Should.Throw<ProblemException>(() => DataDirectory.Open(folder["data"])).Problem;
        problem.Slug.ShouldBe("data-folder-in-use");
        problem.Detail.ShouldNotBeNull().ShouldContain($"pid {Environment.ProcessId}");
    }

    [Fact]
    public void A_folder_that_was_closed_can_be_opened_again()
    {
        using var folder = new TemporaryFolder();
        DataDirectory.Open(folder["data"]).Dispose();
        using var second = DataDirectory.Open(folder["data"]);
        second.Path.ShouldBe(folder["data"]);
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["data"], "");
        Should.Throw<ProblemException>(() => DataDirectory.Open(folder["data"])).Problem.Slug.ShouldBe("invalid-request");
    }
}
