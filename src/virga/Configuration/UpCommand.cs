using System.CommandLine;
using Virga.Cli;
using Virga.Cli.Failures;

namespace Virga.Configuration;

/// <summary><c>virga up</c>: runs a node until it is told to stop.</summary>
internal static class UpCommand
{
    /// <summary>The command.</summary>
    /// <param name="terminal">Where the environment variables and the folder come from.</param>
    /// <param name="run">Runs the node; its token is cancelled by SIGINT and SIGTERM. Gives the exit code.</param>
    public static Command Make(Terminal terminal, Func<NodeOptions, CancellationToken, Task<int>> run)
    {
        var command = new Command("up", "Run a node: serve functions until Ctrl-C or SIGTERM");
        var options = new Dictionary<string, Option<string?>>(StringComparer.Ordinal);
        foreach (var setting in NodeSettings.All)
        {
            Add(setting.Option, $"{setting.Description} [{setting.Variable}]", setting.Placeholder);
        }

        Add(NodeOptionsReader.ConfigOption, $"A YAML file with any of these [{NodeOptionsReader.ConfigVariable}]", "FILE");
        var welcome = new Option<string?>("--welcome")
        {
            Description = "When the data folder is new: deploy the samples of this folder, call each and say what happened",
            HelpName = "DIR",
        };
        command.Add(welcome);
        command.SetAction((parsed, cancellation) =>
        {
            var reader = new NodeOptionsReader(
                option => parsed.GetResult(options[option]) is { Implicit: false } ? parsed.GetValue(options[option]) : null,
                terminal.Variable,
                terminal.Directory);
            return run(reader.Read() with { Welcome = Welcome(parsed.GetValue(welcome), terminal) }, cancellation);
        });
        return command;

        void Add(string name, string description, string placeholder)
        {
            var option = new Option<string?>(name) { Description = description, HelpName = placeholder };
            options.Add(name, option);
            command.Add(option);
        }
    }

    private static string? Welcome(string? given, Terminal terminal)
    {
        if (given is null)
        {
            return null;
        }

        var folder = terminal.Resolve(given);
        return Directory.Exists(folder) ? folder : throw new UsageException($"There is no folder '{folder}', which --welcome names.", "Name the folder of the samples.");
    }
}
