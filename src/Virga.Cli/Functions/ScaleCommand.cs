using System.CommandLine;
using Virga.Cli.Failures;
using Virga.Cli.Output;

namespace Virga.Cli.Functions;

/// <summary><c>virga fn scale NAME [--min N] [--max N] [--target 0.7]</c>.</summary>
internal static class ScaleCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function");
        var min = CommandFactory.CountOption("--min", "Instances that are there even without calls; for functions deployed with --executor dedicated", 0);
        var max = CommandFactory.CountOption("--max", "Instances at a time on a node", 1);
        var target = CommandFactory.ShareOption("--target", "Which part of the instances' concurrency is aimed to be in use");
        return factory.Make("scale", "Change how far a function is scaled, without a new version", [name, min, max, target], async scope =>
        {
            if (!scope.Has(min) && !scope.Has(max) && !scope.Has(target))
            {
                throw new UsageException("There is nothing to change.", "Give at least one of --min, --max and --target; `virga fn get NAME` shows what they are.");
            }

            var function = await scope.Client.ScaleAsync(scope.Get(name), scope.Get(min), scope.Get(max), scope.Get(target), scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Results.Members(
                [
                    ("Function", scope.Get(name).Value),
                    ("Min", JsonPath.Text(function, "spec.minInstances")),
                    ("Max", JsonPath.Text(function, "spec.maxInstances")),
                    ("Target", JsonPath.Text(function, "spec.targetUtilisation")),
                ]);
            }
            else
            {
                scope.Results.Document(function);
            }

            return ExitCode.Ok;
        });
    }
}
