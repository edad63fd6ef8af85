using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Virga.Cli.Apply;
using Virga.Cli.Completion;
using Virga.Cli.Dags;
using Virga.Cli.Dev;
using Virga.Cli.Environments;
using Virga.Cli.Failures;
using Virga.Cli.Functions;
using Virga.Cli.Init;
using Virga.Cli.Nodes;
using Virga.Cli.Routes;
using Virga.Cli.State;
using Virga.Cli.Streams;
using Virga.Cli.Top;
using Virga.Cli.Topics;
using Virga.Cli.Triggers;
using Virga.Cli.Usage;

namespace Virga.Cli;

/// <summary>The command line of the <c>virga</c> executable.</summary>
public static class CommandLine
{
    /// <summary>The whole tree of commands; <paramref name="up"/> is the one that runs a node.</summary>
    public static RootCommand Create(Command up, Terminal terminal)
    {
        var globals = new GlobalOptions(terminal);
        var factory = new CommandFactory(globals, terminal);
        var root = new RootCommand("Virga runs functions in any language from warm, sandboxed instances.");
        foreach (var option in globals.All)
        {
            root.Add(option);
        }

        root.Add(up);
        root.Add(FunctionCommands.Make(factory));
        root.Add(RouteCommands.Make(factory));
        root.Add(DagCommands.Make(factory));
        root.Add(TriggerCommands.Make(factory));
        root.Add(StreamCommands.Make(factory));
        root.Add(EnvironmentCommands.Make(factory));
        root.Add(NodeCommands.Make(factory));
        root.Add(StateCommands.Make(factory));
        root.Add(TopicCommands.Make(factory));
        root.Add(InvocationCommand.Make(factory));
        root.Add(UsageCommand.Make(factory));
        root.Add(TopCommand.Make(factory));
        root.Add(ChangesCommand.Make(factory));
        root.Add(ApplyCommand.Make(factory));
        root.Add(DevCommand.Make(factory));
        root.Add(InitCommand.Make(factory));
        root.Add(CompletionCommand.Make(factory));
        root.Add(VersionCommand.Make(factory));
        return root;
    }

    /// <summary>Runs one command line to its end; gives the process's exit code (see <see cref="ExitCode"/>).</summary>
    /// <remarks>SIGINT and SIGTERM cancel the command, and it may take its time to end; a second one ends the process at once.</remarks>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Command up, Terminal terminal, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var root = Create(up, terminal);
        try
        {
            return await InvokeAsync(root, up, arguments, terminal, stop.Token);
        }
        catch (Exception failure) when (FailureReport.Of(failure) is { } report)
        {
            foreach (var line in report.Lines)
            {
                await terminal.Error.WriteLineAsync(line);
            }

            return report.Code;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }

    private static Task<int> InvokeAsync(RootCommand root, Command up, IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation)
    {
        var configuration = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };

        // @FILE is a body for `fn invoke --data`, not a file of arguments.
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.CommandResult.Command == up)
        {
            HideClientOptions(root);
        }

        if (parsed.Action is not ParseErrorAction)
        {
            return parsed.InvokeAsync(configuration, cancellation);
        }

        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0)
        {
            // A group alone: show what it has, as an error, since nothing was done.
            root.Parse([.. arguments, "--help"]).Invoke(new InvocationConfiguration { Output = terminal.Error });
            return Task.FromResult(ExitCode.Usage);
        }

        var path = string.Join(' ', Path(command));
        var message = parsed.UnmatchedTokens.Count > 0 ? Unknown(command, path, parsed.UnmatchedTokens[0]) : parsed.Errors[0].Message;
        throw new UsageException(message, $"See `{path} --help`.");
    }

    // A node is no client: its own --admin and --gateway say where to listen, and its help shows those alone.
    private static void HideClientOptions(RootCommand root)
    {
        foreach (var option in root.Options.Where(option => option is { Recursive: true } and not HelpOption))
        {
            option.Hidden = true;
        }
    }

    private static string Unknown(Command command, string path, string token)
    {
        var isOption = token.StartsWith('-');
        var known = isOption
            ? command.Options.Concat(command.Parents.OfType<RootCommand>().SelectMany(root => root.Options)).Select(option => option.Name)
            : command.Subcommands.Select(subcommand => subcommand.Name);
        var meant = Spelling.Nearest(token, known) is { } near ? $" Did you mean `{near}`?" : "";
        return $"`{path}` does not know {(isOption ? "the option " : "")}'{token}'.{meant}";
    }

    private static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? ["virga"] : Path(command.Parents.OfType<Command>().First()).Append(command.Name);
}
