using System.CommandLine;
using System.Text.Json.Nodes;
using Virga.Cli.Failures;
using Virga.Core.Resources;

namespace Virga.Cli.Streams;

/// <summary>The options of <c>virga stream create</c> that say on the command line what a file says otherwise.</summary>
internal sealed class StreamSpecOptions
{
    private readonly Option<string[]> _inputs = new("--input", "-i") { Description = "A topic that it reads (can be given again)", HelpName = "TOPIC" };
    private readonly Option<string?> _pattern = new("--pattern") { Description = "Reads the topics that this regular expression matches", HelpName = "REGEX" };
    private readonly Option<string?> _function = new("--function") { Description = "The function: NAME, NAME:ALIAS or NAME:VERSION [the stream's name]", HelpName = "FUNCTION" };
    private readonly Option<string?> _output = new("--output-topic") { Description = "The topic that answers go to [none]", HelpName = "TOPIC" };
    private readonly Option<string?> _deadLetter = new("--dead-letter") { Description = "The topic that messages go to on which the function fails [NAME-dead]", HelpName = "TOPIC" };
    private readonly Option<string?> _from = CommandFactory.ChoiceOption("--from", "Where it begins when it is new [latest]", "earliest", "latest");
    private readonly Option<string?> _processing = CommandFactory.ChoiceOption("--processing", "What is promised of each message [at-least-once]", "at-most-once", "at-least-once", "effectively-once");
    private readonly Option<int?> _parallelism = CommandFactory.CountOption("--parallelism", "Calls at a time for each partition [4]", 1);
    private readonly Option<int?> _batch = CommandFactory.CountOption("--batch", "At most so many messages in one call [1]", 1);
    private readonly Option<int?> _retries = CommandFactory.CountOption("--retries", "How often a message is tried again [3]", 0);
    private readonly Option<Duration?> _size = CommandFactory.DurationOption("--window", "Windows of this length");
    private readonly Option<Duration?> _slide = CommandFactory.DurationOption("--slide", "How far apart windows begin [their length]");
    private readonly Option<int?> _count = CommandFactory.CountOption("--window-count", "Windows of so many messages", 1);
    private readonly Option<int?> _every = CommandFactory.CountOption("--every", "After how many more messages the next window closes [its count]", 1);
    private readonly Option<Duration?> _gap = CommandFactory.DurationOption("--session-gap", "Windows that end after so long without a message");
    private readonly Option<string?> _time = CommandFactory.ChoiceOption("--time", "Which time windows go by [publish]", "publish", "event");
    private readonly Option<Duration?> _lateness = CommandFactory.DurationOption("--lateness", "How far behind the newest message one may be [0s]");
    private readonly Option<Duration?> _idle = CommandFactory.DurationOption("--idle", "After how long without messages time itself closes windows");
    private readonly Option<bool> _together = new("--all-keys") { Description = "All keys share the windows of a partition" };

    /// <summary>Every option, for the command.</summary>
    public IEnumerable<Symbol> All =>
        [_inputs, _pattern, _function, _output, _deadLetter, _from, _processing, _parallelism, _batch, _retries, _size, _slide, _count, _every, _gap, _time, _lateness, _idle, _together];

    /// <summary>The spec that the options say.</summary>
    /// <param name="scope">The command's.</param>
    /// <param name="stream">The stream's name.</param>
    /// <exception cref="UsageException">No topics are named.</exception>
    public JsonObject Read(CommandScope scope, string stream)
    {
        var inputs = scope.Get(_inputs) ?? [];
        if (inputs.Length == 0 && scope.Get(_pattern) is null)
        {
            throw new UsageException("Nothing says which topics the stream reads.", "Name them with --input TOPIC or --pattern REGEX, or give a file with -f.");
        }

        var usual = new StreamSpec { Function = "" };
        return new JsonObject
        {
            ["inputs"] = new JsonArray([.. inputs.Select(topic => (JsonNode)topic)]),
            ["pattern"] = scope.Get(_pattern),
            ["function"] = scope.Get(_function) ?? stream,
            ["output"] = scope.Get(_output),
            ["deadLetter"] = scope.Get(_deadLetter),
            ["from"] = scope.Get(_from) ?? "latest",
            ["processing"] = scope.Get(_processing) ?? "at-least-once",
            ["parallelism"] = scope.Get(_parallelism) ?? usual.Parallelism,
            ["batch"] = scope.Get(_batch) ?? usual.Batch,
            ["window"] = Window(scope),
            ["retries"] = scope.Get(_retries) ?? usual.Retries,
        };
    }

    private JsonObject? Window(CommandScope scope)
    {
        var (size, count, gap) = (scope.Get(_size), scope.Get(_count), scope.Get(_gap));
        if (size is null && count is null && gap is null)
        {
            return scope.Get(_slide) is null && scope.Get(_every) is null
                ? null
                : throw new UsageException("--slide and --every say how windows follow each other, but nothing says what windows there are.", "Give --window LENGTH, --window-count N or --session-gap LENGTH.");
        }

        return new JsonObject
        {
            ["size"] = size?.ToString(),
            ["slide"] = scope.Get(_slide)?.ToString(),
            ["count"] = count,
            ["every"] = scope.Get(_every),
            ["gap"] = gap?.ToString(),
            ["perKey"] = !scope.Get(_together),
            ["time"] = scope.Get(_time) ?? "publish",
            ["lateness"] = (scope.Get(_lateness) ?? default(Duration)).ToString(),
            ["idle"] = scope.Get(_idle)?.ToString(),
        };
    }
}
