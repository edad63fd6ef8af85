using System.CommandLine;
using System.Globalization;
using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary>The options that describe a function, as <c>fn deploy</c> and <c>dev</c> take them.</summary>
internal sealed class FunctionOptions
{
    private readonly Option<string?> _environment = new("--env") { Description = "The environment that runs it; guessed from the path when absent", HelpName = "node|python|dotnet|exec|NAME" };
    private readonly Option<string?> _handler = new("--handler") { Description = "Where the handler is; either part may be left out", HelpName = "MODULE:FUNCTION" };
    private readonly Option<Duration?> _timeout = CommandFactory.DurationOption("--timeout", "How long a call may take [30s]");
    private readonly Option<ByteSize?> _memory = CommandFactory.SizeOption("--memory", "Memory limit of one instance [128MB]");
    private readonly Option<double?> _cpu = new("--cpu")
    {
        Description = "CPU limit of one instance, in cores [1]",
        HelpName = "CORES",
        CustomParser = result =>
        {
            if (double.TryParse(result.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cores) && cores > 0)
            {
                return cores;
            }

            result.AddError($"'{result.Tokens[0].Value}' in --cpu is no number of cores; write it as 0.5 or 2.");
            return null;
        },
    };

    private readonly Option<int?> _concurrency = CommandFactory.CountOption("--concurrency", "Calls that one instance serves at a time [1]", 1);
    private readonly Option<int?> _maxInstances = CommandFactory.CountOption("--max-instances", "Instances at a time on a node [16]", 1);
    private readonly Option<string?> _isolation = CommandFactory.ChoiceOption("--isolation", "How instances are kept apart [the node's default]", "process", "bubblewrap");
    private readonly Option<Dictionary<string, string>> _variables = CommandFactory.PairsOption("--env-var", "An environment variable; may be given again");
    private readonly Option<bool> _egress = new("--egress") { Description = "Let it open network connections; --egress false takes that back" };
    private readonly Option<string?> _body = CommandFactory.ChoiceOption("--body", "Hand over the request body whole or as it arrives [buffered]", "buffered", "stream");
    private readonly Option<Duration?> _keepWarm = CommandFactory.DurationOption("--keep-warm", "How long an idle instance is kept [2m]");
    private readonly Option<int?> _maxCalls = CommandFactory.CountOption("--max-calls-per-instance", "Calls after which an instance is replaced; 0 is never [0]", 0);

    public IEnumerable<Option> All =>
        [_environment, _handler, _timeout, _memory, _cpu, _concurrency, _maxInstances, _isolation, _variables, _egress, _body, _keepWarm, _maxCalls];

    public FunctionSettings Read(CommandScope scope) => new()
    {
        Environment = scope.Get(_environment),
        Handler = scope.Get(_handler),
        Timeout = scope.Get(_timeout),
        Memory = scope.Get(_memory),
        Cpu = scope.Get(_cpu),
        Concurrency = scope.Get(_concurrency),
        MaxInstances = scope.Get(_maxInstances),
        Isolation = scope.Get(_isolation) switch { "process" => Isolation.Process, "bubblewrap" => Isolation.Bubblewrap, _ => null },
        Variables = scope.Has(_variables) ? scope.Get(_variables) : null,
        Egress = scope.Has(_egress) ? (scope.Get(_egress) ? EgressPolicy.Internet : EgressPolicy.None) : null,
        RequestBody = scope.Get(_body) switch { "stream" => RequestBodyMode.Stream, "buffered" => RequestBodyMode.Buffered, _ => null },
        KeepWarm = scope.Get(_keepWarm) is { } idle ? new KeepWarm { Idle = idle } : null,
        MaxCallsPerInstance = scope.Get(_maxCalls),
    };
}
