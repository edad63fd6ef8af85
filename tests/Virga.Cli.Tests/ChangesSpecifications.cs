using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class ChangesSpecifications
{
    [Fact]
    public async Task Changes_and_decisions_of_the_autoscaler_are_lines_for_a_person()
    {
        await using var api = await ControlApi.StartAsync();
        api.Changes =
            """{"sequence":4,"time":"2030-01-01T00:00:00Z","kind":"function","tenant":"default","namespace":"default","name":"hello","change":"updated","version":2}""" + "\n" +
            """{"kind":"scale","lost":7}""" + "\n" +
            """{"time":"2030-01-01T00:00:01Z","kind":"scale","tenant":"default","namespace":"default","name":"hello","version":2,"from":1,"to":4,"reason":"panic"}""" + "\n";

        var run = await new Support.Cli("/", ("VIRGA_ADMIN", api.Url)).RunAsync("changes");

        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Out.ShouldContain("function hello updated, version 2");
        run.Out.ShouldContain("7 entries were left out");
        run.Out.ShouldContain("scale hello:2 1 → 4 (panic)");
    }
}
