using Virga.Cli.Failures;
using Virga.Cli.Packaging;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class EnvironmentGuessSpecifications : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.mjs", "node")]
    [InlineData("a.cjs", "node")]
    [InlineData("a.js", "node")]
    [InlineData("a.ts", "node")]
    [InlineData("a.py", "python")]
    [InlineData("A.cs", "dotnet")]
    [InlineData("A.dll", "dotnet")]
    public void A_file_is_known_by_its_extension(string file, string environment) =>
        EnvironmentGuess.Of(_folder.Write(file)).ShouldBe(environment);

    [Theory]
    [InlineData("package.json", "node")]
    [InlineData("index.ts", "node")]
    [InlineData("other.mjs", "node")]
    [InlineData("main.py", "python")]
    [InlineData("F.cs", "dotnet")]
    [InlineData("F.deps.json", "dotnet")]
    public void A_folder_is_known_by_what_is_in_it(string file, string environment)
    {
        _folder.Write(file);

        EnvironmentGuess.Of(_folder.Path).ShouldBe(environment);
    }

    [Fact]
    public void An_executable_file_runs_as_it_is()
    {
        var file = _folder.Write("tool");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        EnvironmentGuess.Of(file).ShouldBe("exec");
    }

    [Theory]
    [InlineData("notes.txt", "'notes.txt' does not tell which environment runs it")]
    [InlineData("code.zip", "'code.zip' does not tell which environment runs it")]
    public void A_file_that_does_not_tell_asks_for_the_option(string file, string message)
    {
        var failure = Should.Throw<UsageException>(() => EnvironmentGuess.Of(_folder.Write(file)));

        failure.Message.ShouldContain(message);
        failure.Fix.ShouldBe("Name it with --env node, python, dotnet or exec.");
    }

    [Fact]
    public void A_folder_of_one_executable_runs_it()
    {
        _folder.Write("README.md");
        _folder.Write("virga.yaml");
        File.SetUnixFileMode(_folder.Write("serve"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        EnvironmentGuess.Of(_folder.Path).ShouldBe("exec");
    }

    [Fact]
    public void A_folder_of_two_languages_asks_for_the_option()
    {
        _folder.Write("main.py");
        _folder.Write("package.json");

        Should.Throw<UsageException>(() => EnvironmentGuess.Of(_folder.Path)).Message.ShouldContain("could be for node or python");
    }
}
