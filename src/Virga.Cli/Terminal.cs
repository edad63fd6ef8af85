using Spectre.Console;

namespace Virga.Cli;

/// <summary>What a command sees of the outside: its streams, its environment variables and the folder it runs in.</summary>
public sealed class Terminal
{
    private IAnsiConsole? _console;
    private IAnsiConsole? _errorConsole;

    /// <summary>Results go here.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Errors, notes and progress go here, so that results can be piped.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>The stream below <see cref="Out"/>, for bodies that are no text.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>Standard input.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Gives an environment variable; null when it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The folder that relative paths start from.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether a person reads <see cref="Out"/>.</summary>
    public bool IsOutputInteractive { get; init; }

    /// <summary>Whether a person reads <see cref="Error"/>.</summary>
    public bool IsErrorInteractive { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Tables and colours on <see cref="Out"/>.</summary>
    public IAnsiConsole Console => _console ??= Make(Out, IsOutputInteractive);

    /// <summary>Progress and colours on <see cref="Error"/>.</summary>
    public IAnsiConsole ErrorConsole => _errorConsole ??= Make(Error, IsErrorInteractive);

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() => new()
    {
        Out = System.Console.Out,
        Error = System.Console.Error,
        OpenOutput = System.Console.OpenStandardOutput,
        OpenInput = System.Console.OpenStandardInput,
        Variable = System.Environment.GetEnvironmentVariable,
        Directory = System.Environment.CurrentDirectory,
        IsOutputInteractive = !System.Console.IsOutputRedirected,
        IsErrorInteractive = !System.Console.IsErrorRedirected,
    };

    /// <summary>A path of the command line, seen from <see cref="Directory"/>.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, Directory);

    private IAnsiConsole Make(TextWriter writer, bool interactive)
    {
        var coloured = interactive && string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = coloured ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = coloured ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        if (!interactive)
        {
            // A pipe has no width: nothing may be wrapped or cut there.
            console.Profile.Width = 10_000;
        }

        return console;
    }
}
