using System.CommandLine;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Virga.Cli;

/// <summary><c>virga version</c>.</summary>
internal static class VersionCommand
{
    public static Command Make(CommandFactory factory) => factory.Make("version", "Print the version of this executable", [], scope =>
    {
        if (scope.Results.IsTable)
        {
            scope.Terminal.Out.WriteLine($"virga {Text}");
        }
        else
        {
            scope.Results.Document(new JsonObject { ["version"] = Text });
        }

        return Task.FromResult(ExitCode.Ok);
    });

    private static string Text => typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
