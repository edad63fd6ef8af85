using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli.State;

/// <summary>The commands about shared state: <c>virga state …</c>.</summary>
internal static class StateCommands
{
    private const int PageSize = 500;

    public static Command Make(CommandFactory factory) => CommandFactory.Group(
        "state",
        "Read and write the state that functions share",
        GetCommand.Make(factory),
        PutCommand.Make(factory),
        UpdateCommands.Increment(factory),
        UpdateCommands.Update(factory),
        UpdateCommands.Query(factory),
        Delete(factory),
        List(factory),
        WatchCommand.Make(factory),
        TransferCommands.Export(factory),
        TransferCommands.Import(factory));

    public static Argument<string> KeyArgument() => new("KEY") { Description = "The key" };

    public static Argument<string?> PrefixArgument() => new("PREFIX") { Description = "Only keys that begin with this", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => null };

    private static Command Delete(CommandFactory factory)
    {
        var key = KeyArgument();
        return factory.Make("delete", "Delete a key", [key], async scope =>
        {
            var answer = await new StateClient(scope.Client).DeleteAsync(scope.Get(key), scope.Cancellation);
            if (!scope.Results.IsTable)
            {
                scope.Results.Document(answer);
            }
            else
            {
                scope.Note(answer["existed"]?.GetValue<bool>() == true ? $"Deleted the key {scope.Get(key)}." : $"There was no key {scope.Get(key)}.");
            }

            return ExitCode.Ok;
        });
    }

    private static Command List(CommandFactory factory)
    {
        var prefix = PrefixArgument();
        var limit = CommandFactory.CountOption("--limit", "At most so many keys [all]", 1);
        return factory.Make("list", "List keys", [prefix, limit], async scope =>
        {
            var client = new StateClient(scope.Client);
            var most = scope.Get(limit) ?? int.MaxValue;
            var all = new JsonArray();
            string? after = null;
            do
            {
                var page = await client.ListAsync(scope.Get(prefix), after, Math.Min(PageSize, most - all.Count), scope.Cancellation);
                foreach (var item in page["items"]?.AsArray() ?? [])
                {
                    all.Add(item?.DeepClone());
                }

                after = page["next"]?.ToString();
            }
            while (after is not null && all.Count < most);
            scope.Results.List(
                all,
                "No keys yet. Put one: virga state put KEY VALUE",
                Column.At("KEY", "key"),
                Column.At("KIND", "kind"),
                Column.At("SIZE", "size"),
                Column.At("EXPIRES", "expires"),
                Column.At("VERSION", "version"));
            return ExitCode.Ok;
        });
    }
}
