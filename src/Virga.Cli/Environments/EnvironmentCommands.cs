using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Output;
using Virga.Core.Resources;

namespace Virga.Cli.Environments;

/// <summary>The commands about environments: <c>virga env …</c>.</summary>
internal static class EnvironmentCommands
{
    public static Command Make(CommandFactory factory) => CommandFactory.Group("env", "See and add what runs functions", List(factory), Get(factory), Create(factory), Delete(factory));

    private static Command List(CommandFactory factory) => factory.Make("list", "List the environments", [], async scope =>
    {
        scope.Results.List(
            await scope.Client.ListAsync(ResourceKind.Environment, scope.Cancellation),
            "There is no environment.",
            Column.At("NAME", "name"),
            new Column("KIND", item => JsonPath.Text(item, "status.builtIn") == "true" ? "built in" : "custom"),
            Column.At("BUILD", "spec.build"),
            Column.At("POOL", "spec.poolSize"),
            Column.At("MEMORY", "spec.memory"),
            new Column("COMMAND", item => JsonPath.Text(item, "spec.command")?.Replace(", ", " ", StringComparison.Ordinal)));
        return ExitCode.Ok;
    });

    private static Command Get(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The environment");
        return factory.Make("get", "Show an environment", [name], async scope =>
        {
            scope.Results.Item(await scope.Client.GetAsync(ResourceKind.Environment, scope.Get(name), scope.Cancellation));
            return ExitCode.Ok;
        });
    }

    private static Command Create(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("What the environment is called");
        var command = new Option<string[]>("--command")
        {
            Description = "The worker's command line: an absolute path and its arguments, a word each",
            HelpName = "WORD",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var mounts = CommandFactory.PairsOption("--mount", "A folder that the sandbox shows, HOST=SANDBOX; may be given again");
        var variables = CommandFactory.PairsOption("--env-var", "An environment variable of the worker; may be given again");
        var build = CommandFactory.ChoiceOption("--build", "What a package goes through at deploy [none]", "none", "typescript", "csharp");
        var pool = CommandFactory.CountOption("--pool-size", "Generic warm instances [3]", 0);
        var memory = CommandFactory.SizeOption("--memory", "Memory limit of a generic instance [128MB]");
        return factory.Make("create", "Add an environment: a command that speaks the worker protocol", [name, command, mounts, variables, build, pool, memory], async scope =>
        {
            var spec = new EnvironmentSpec { Command = scope.Get(command) ?? [] };
            spec = spec with
            {
                Mounts = scope.Get(mounts) ?? spec.Mounts,
                Variables = scope.Get(variables) ?? spec.Variables,
                Build = scope.Get(build) switch { "typescript" => PackageBuild.TypeScript, "csharp" => PackageBuild.CSharp, _ => PackageBuild.None },
                PoolSize = scope.Get(pool) ?? spec.PoolSize,
                Memory = scope.Get(memory) ?? spec.Memory,
            };
            var created = await scope.Client.CreateAsync(ResourceKind.Environment, scope.Get(name), SpecJson.Write(spec), scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Note($"Created the environment {scope.Get(name)}.");
            }
            else
            {
                scope.Results.Document(created);
            }

            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The environment");
        return factory.Make("delete", "Delete an environment of your own", [name], async scope =>
        {
            await scope.Client.DeleteAsync(ResourceKind.Environment, scope.Get(name), cascade: false, scope.Cancellation);
            scope.Note($"Deleted the environment {scope.Get(name)}.");
            return ExitCode.Ok;
        });
    }
}
