using System.CommandLine;

namespace Virga.Cli.Functions;

/// <summary>The commands about functions: <c>virga fn …</c>.</summary>
internal static class FunctionCommands
{
    public static Command Make(CommandFactory factory)
    {
        var group = CommandFactory.Group(
            "fn",
            "Deploy, call and look into functions",
            DeployCommand.Make(factory),
            ListFunctionsCommand.Make(factory),
            GetFunctionCommand.Make(factory),
            DescribeCommand.Make(factory),
            InvokeCommand.Make(factory),
            LogsCommand.Make(factory),
            StatsCommand.Make(factory),
            VersionsCommand.Make(factory),
            InstancesCommand.Make(factory),
            ScaleCommand.Make(factory),
            RollbackCommand.Make(factory),
            AliasCommands.Make(factory),
            DeleteFunctionCommand.Make(factory));
        group.Aliases.Add("function");
        return group;
    }
}
