using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.Output;
using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli.Triggers;

/// <summary><c>virga trigger create NAME --topic T --function F …</c>, or <c>-f FILE</c>.</summary>
internal sealed class CreateTriggerCommand
{
    private readonly Argument<string?> _name = new("NAME") { Description = "What the trigger is called [the name in the file, or the function's]", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => null };
    private readonly Option<string?> _file = new("--file", "-f") { Description = "The trigger, as YAML or JSON", HelpName = "FILE" };
    private readonly Option<string[]> _topics = new("--topic") { Description = "Call the function for messages of this topic; may be given again", HelpName = "TOPIC" };
    private readonly Option<string?> _pattern = new("--pattern") { Description = "Call it for every topic whose name matches", HelpName = "REGEX" };
    private readonly Option<string?> _function = new("--function") { Description = "The function: NAME, NAME:ALIAS or NAME:VERSION", HelpName = "FUNCTION" };
    private readonly Option<string?> _subscription = new("--subscription") { Description = "The subscription [the trigger's name]", HelpName = "NAME" };
    private readonly Option<string?> _type = CommandFactory.ChoiceOption("--type", "How it is shared, and so which order messages have [shared]", "shared", "key_shared", "failover", "exclusive");
    private readonly Option<string?> _from = CommandFactory.ChoiceOption("--from", "Where a new subscription begins [latest]", "latest", "earliest");
    private readonly Option<int?> _batch = CommandFactory.CountOption("--batch", "Messages of one call at most [1]", 1);
    private readonly Option<Duration?> _batchWait = CommandFactory.DurationOption("--batch-wait", "How long the first message of a call waits for others [0s]");
    private readonly Option<int?> _concurrency = CommandFactory.CountOption("--concurrency", "Calls at a time at most [as many as the function's instances can have]", 1);
    private readonly Option<int?> _attempts = CommandFactory.CountOption("--attempts", "Calls for one message at most; then it is a dead letter [5]", 1);
    private readonly Option<string?> _deadLetter = new("--dead-letter") { Description = "Where dead letters go, or none [TOPIC-SUBSCRIPTION-DLQ]", HelpName = "TOPIC" };
    private readonly Option<Duration?> _ackTimeout = CommandFactory.DurationOption("--ack-timeout", "How long a call may take [the function's timeout]");
    private readonly Option<string?> _output = new("--output-topic") { Description = "Publish the function's answers to this topic", HelpName = "TOPIC" };
    private readonly Option<bool> _replace = new("--replace") { Description = "Replace the trigger if there is one of that name" };

    public static Command Make(CommandFactory factory)
    {
        var self = new CreateTriggerCommand();
        return factory.Make(
            "create",
            "Have messages of a topic call a function",
            [
                self._name, self._file, self._topics, self._pattern, self._function, self._subscription, self._type, self._from, self._batch, self._batchWait, self._concurrency,
                self._attempts, self._deadLetter, self._ackTimeout, self._output, self._replace,
            ],
            self.RunAsync);
    }

    private async Task<int> RunAsync(CommandScope scope)
    {
        var (given, spec) = scope.Get(_file) is { } file ? await ReadAsync(scope, file) : (null, FromOptions(scope));
        var name = Name(scope.Get(_name)) ?? given
            ?? (FunctionReference.TryParse(scope.Get(_function), out var function) ? function.Name : throw new UsageException("The trigger has no name.", "Give it one: virga trigger create NAME …"));
        var created = scope.Get(_replace)
            ? await scope.Client.PutAsync(ResourceKind.Trigger, name, spec, scope.Cancellation)
            : await scope.Client.CreateAsync(ResourceKind.Trigger, name, spec, scope.Cancellation);
        if (scope.Results.IsTable)
        {
            scope.Results.Members([
                ("Trigger", name.Value),
                ("Version", JsonPath.Text(created, "version")),
                ("Function", JsonPath.Text(created, "spec.function")),
                ("Subscription", JsonPath.Text(created, "status.subscription"))]);
        }
        else
        {
            scope.Results.Document(created);
        }

        return ExitCode.Ok;
    }

    private static async Task<(ResourceName? Name, JsonObject Spec)> ReadAsync(CommandScope scope, string file)
    {
        var path = scope.Terminal.Resolve(file);
        return File.Exists(path)
            ? TriggerFile.Read(YamlMapping.Parse(Path.GetFileName(path), await File.ReadAllTextAsync(path, scope.Cancellation)))
            : throw new UsageException($"There is no file '{path}'.", "Name the file that describes the trigger with -f.");
    }

    private JsonObject FromOptions(CommandScope scope)
    {
        var topics = scope.Get(_topics) ?? [];
        if (topics.Length == 0 && scope.Get(_pattern) is null)
        {
            throw new UsageException("It is not said which messages call the function.", "Give --topic TOPIC, --pattern REGEX, or -f FILE.");
        }

        var (batch, retry) = (new TriggerBatch(), new TriggerRetry());
        return TriggerText.ToJson(new TriggerSpec
        {
            Source = new TriggerSource
            {
                Topic = new TopicSource
                {
                    Topics = topics,
                    Pattern = scope.Get(_pattern),
                    Subscription = scope.Get(_subscription),
                    Type = scope.Get(_type) is { } type ? TriggerText.Type(type)!.Value : TopicSharing.Shared,
                    From = scope.Get(_from) is { } start ? TriggerText.Start(start)!.Value : TopicStart.Latest,
                },
            },
            Function = scope.Get(_function) ?? throw new UsageException("It is not said which function is called.", "Give --function FUNCTION."),
            Batch = batch with { MaxMessages = scope.Get(_batch) ?? batch.MaxMessages, MaxWait = scope.Get(_batchWait) ?? batch.MaxWait },
            Concurrency = scope.Get(_concurrency),
            Retry = retry with { Attempts = scope.Get(_attempts) ?? retry.Attempts },
            DeadLetter = scope.Get(_deadLetter),
            AckTimeout = scope.Get(_ackTimeout),
            Output = scope.Get(_output),
        });
    }

    private static ResourceName? Name(string? text) => text is null
        ? null
        : ResourceName.TryParse(text, out var name) ? name : throw new UsageException($"'{ResourceName.Shorten(text)}' is no valid name.", $"Use {ResourceName.Rule}.");
}
