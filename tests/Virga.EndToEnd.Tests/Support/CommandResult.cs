namespace Virga.EndToEnd.Tests.Support;

/// <summary>What a command left behind.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record CommandResult(int Code, string Output, string Error)
{
    /// <summary>Fails the test with all that the command said, unless it ended well.</summary>
    public CommandResult ShouldSucceed()
    {
        Code.ShouldBe(0, Output + Error);
        return this;
    }

    /// <summary>Checks that the command failed with one line, <c>error: … (slug)</c>, and gives that line.</summary>
    public string ShouldFail(int code, string slug)
    {
        Code.ShouldBe(code, Output + Error);
        var line = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l.StartsWith("error: ", StringComparison.Ordinal)).ShouldHaveSingleItem(Error);
        line.ShouldEndWith($"({slug})");
        return line;
    }
}
