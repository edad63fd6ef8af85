using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Failures;

namespace Virga.Cli.State;

/// <summary><c>virga state export|import</c>: all kinds of values with all that is known of them.</summary>
internal static class TransferCommands
{
    public static Command Export(CommandFactory factory)
    {
        var prefix = StateCommands.PrefixArgument();
        var file = new Option<string?>("--file", "-f") { Description = "Write to this file [standard output]", HelpName = "FILE" };
        return factory.Make("export", "Write keys as lines of JSON, so that import restores them", [prefix, file], async scope =>
        {
            using var response = await new StateClient(scope.Client).ExportAsync(scope.Get(prefix), scope.Cancellation);
            if (scope.Get(file) is not { } name)
            {
                await using var output = scope.Terminal.OpenOutput();
                await AnswerReader.CopyAsync(response, output, Answering.Node, scope.Cancellation);
                return ExitCode.Ok;
            }

            // Under another name until it is whole: half an export must not be taken for one.
            var path = scope.Terminal.Resolve(name);
            var unfinished = path + ".part";
            await using (var target = File.Create(unfinished))
            {
                await AnswerReader.CopyAsync(response, target, Answering.Node, scope.Cancellation);
            }

            File.Move(unfinished, path, overwrite: true);
            scope.Note($"Exported to {name}.");
            return ExitCode.Ok;
        });
    }

    public static Command Import(CommandFactory factory)
    {
        var file = new Argument<string>("FILE") { Description = "What export wrote; - for standard input" };
        return factory.Make("import", "Merge exported keys into what is there", [file], async scope =>
        {
            await using var lines = Open(scope, scope.Get(file));
            var answer = await new StateClient(scope.Client).ImportAsync(lines, scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Note($"Imported {answer["keys"]} keys.");
            }
            else
            {
                scope.Results.Document(answer);
            }

            return ExitCode.Ok;
        });
    }

    private static Stream Open(CommandScope scope, string file)
    {
        if (file == "-")
        {
            return scope.Terminal.OpenInput();
        }

        var path = scope.Terminal.Resolve(file);
        return File.Exists(path) ? File.OpenRead(path) : throw new UsageException($"There is no file '{file}'.", "Give a file that `virga state export --file FILE` wrote, or - for standard input.");
    }
}
