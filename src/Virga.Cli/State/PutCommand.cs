using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Failures;

namespace Virga.Cli.State;

/// <summary><c>virga state put KEY VALUE</c>.</summary>
internal static class PutCommand
{
    public static Command Make(CommandFactory factory)
    {
        var key = StateCommands.KeyArgument();
        var value = new Argument<string>("VALUE") { Description = "The value: a text, @FILE, or - for standard input" };
        var type = CommandFactory.ChoiceOption("--type", "What the value is [JSON if it can be read as such, else text or bytes]", "json", "text", "bytes");
        var timeToLive = CommandFactory.DurationOption("--ttl", "It goes by itself after this time");
        var version = new Option<string?>("--if-version") { Description = "Only if the key has this version", HelpName = "VERSION" };
        var absent = new Option<bool>("--if-absent") { Description = "Only if there is no such key" };
        return factory.Make("put", "Put a value under a key", [key, value, type, timeToLive, version, absent], async scope =>
        {
            if (scope.Get(version) is not null && scope.Get(absent))
            {
                throw new UsageException("--if-version and --if-absent exclude each other.", "A key that has a version is not absent: give one of them.");
            }

            var bytes = await ValueText.ReadAsync(scope, scope.Get(value));
            var answer = await new StateClient(scope.Client).PutAsync(
                scope.Get(key), bytes, ValueText.MediaType(bytes, scope.Get(type)), scope.Get(timeToLive)?.ToString(), scope.Get(version), scope.Get(absent), scope.Cancellation);
            if (scope.Results.IsTable)
            {
                scope.Note($"{scope.Get(key)} has the version {answer["version"]}.");
            }
            else
            {
                scope.Results.Document(answer);
            }

            return ExitCode.Ok;
        });
    }
}
