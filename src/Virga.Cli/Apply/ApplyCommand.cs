using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Failures;

namespace Virga.Cli.Apply;

/// <summary><c>virga apply -f virga.yaml [--dry-run]</c>: brings the node to what a file declares.</summary>
internal static class ApplyCommand
{
    public static Command Make(CommandFactory factory)
    {
        var file = new Option<string>("--file", "-f") { Description = "The file; paths in it start from its folder", HelpName = "FILE", DefaultValueFactory = _ => "virga.yaml" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print the plan and change nothing" };
        return factory.Make("apply", "Bring the node to what a file declares; what is so already stays untouched", [file, dryRun], async scope =>
        {
            var path = scope.Terminal.Resolve(scope.Get(file)!);
            if (!File.Exists(path))
            {
                throw new UsageException($"There is no file '{path}'.", "Name the file with -f, or make a project with `virga init`.");
            }

            var manifest = Manifest.Read(path, await File.ReadAllTextAsync(path, scope.Cancellation));
            var plan = await Plan.MakeAsync(manifest, scope.Client, scope.Cancellation);
            Print(scope, plan);
            if (scope.Get(dryRun))
            {
                scope.Note($"{Count(plan.Changes, "change")} to make; nothing was changed.");
                return ExitCode.Ok;
            }

            await CarryOutAsync(scope, plan);
            scope.Note(plan.Changes == 0 ? "Everything is as declared." : $"{Count(plan.Changes, "change")} made.");
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandScope scope, Plan plan)
    {
        if (!scope.Results.IsTable)
        {
            scope.Results.Document(new JsonObject { ["steps"] = new JsonArray([.. plan.Steps.Select(Json)]) });
            return;
        }

        foreach (var step in plan.Steps)
        {
            scope.Terminal.Out.WriteLine($"{step.Sign} {step.Kind.Word} {step.Name}{(step.Change == Change.None ? " (unchanged)" : "")}");
            foreach (var field in step.Fields)
            {
                scope.Terminal.Out.WriteLine($"    {field}");
            }
        }
    }

    private static async Task CarryOutAsync(CommandScope scope, Plan plan)
    {
        var done = 0;
        foreach (var step in plan.Steps.Where(step => step.Change != Change.None))
        {
            try
            {
                await step.ApplyAsync(scope.Cancellation);
                done++;
            }
            catch (Exception)
            {
                scope.Terminal.Error.WriteLine($"Stopped at {step.Kind.Word} {step.Name}: {done} of {Count(plan.Changes, "change")} made, the rest not. Mend it and apply again.");
                throw;
            }
        }
    }

    private static JsonNode Json(PlanStep step) => new JsonObject
    {
        ["kind"] = step.Kind.Word,
        ["name"] = step.Name,
        ["change"] = step.Change switch { Change.Create => "create", Change.Update => "update", _ => "none" },
        ["fields"] = new JsonArray([.. step.Fields.Select(field => (JsonNode)new JsonObject { ["name"] = field.Name, ["from"] = field.From, ["to"] = field.To })]),
    };

    private static string Count(int number, string word) => $"{number} {word}{(number == 1 ? "" : "s")}";
}
