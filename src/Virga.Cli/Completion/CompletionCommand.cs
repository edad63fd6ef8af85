using System.CommandLine;

namespace Virga.Cli.Completion;

/// <summary><c>virga completion bash|zsh|fish</c>: prints the script that makes a shell complete commands and options.</summary>
internal static class CompletionCommand
{
    // Each asks the executable itself, through System.CommandLine's directive [suggest:POSITION].
    private const string Bash = """
        # Load with: source <(virga completion bash)
        _virga() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _virga virga
        """;

    private const string Zsh = """
        # Load with: source <(virga completion zsh)
        _virga() {
            local -a words_found
            words_found=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            compadd -a words_found
            (( ${#words_found} )) || _files
        }
        compdef _virga virga
        """;

    private const string Fish = """
        # Load with: virga completion fish | source
        function __virga_complete
            set -l line (commandline -cp)
            virga "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c virga -a "(__virga_complete)"
        """;

    public static Command Make(CommandFactory factory) => CommandFactory.Group(
        "completion",
        "Print the script for a shell's completion",
        Script(factory, "bash", Bash),
        Script(factory, "zsh", Zsh),
        Script(factory, "fish", Fish));

    private static Command Script(CommandFactory factory, string shell, string script) =>
        factory.Make(shell, $"Print the completion script for {shell}", [], scope =>
        {
            scope.Terminal.Out.WriteLine(script);
            return Task.FromResult(ExitCode.Ok);
        });
}
