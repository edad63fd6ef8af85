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
    private readonly Option<string?> _executor = CommandFactory.ChoiceOption("--executor", "Load it into pooled generic instances, or start instances for it alone [pool]", "pool", "dedicated");
    private readonly Option<int?> _minInstances = CommandFactory.CountOption("--min-instances", "Instances that are there even without calls; needs --executor dedicated [0]", 0);
    private readonly Option<int?> _maxInstances = CommandFactory.CountOption("--max-instances", "Instances at a time on a node [16]", 1);
    private readonly Option<double?> _target = CommandFactory.ShareOption("--target-utilisation", "Which part of the instances' concurrency is aimed to be in use [0.7]");
    private readonly Option<List<ProvisionedWindow>?> _provisioned = MakeProvisioned();
    private readonly Option<string?> _sticky = CommandFactory.ParsedOption(
        "--sticky", "The part of a request that sends it to the same instance each time; none takes it back", "header:NAME|query:NAME|cookie:NAME|path:NAME", $"{StickyKey.Rule}, or none", SettingTexts.Sticky);

    private readonly Option<string?> _isolation = CommandFactory.ChoiceOption("--isolation", "How instances are kept apart [the node's default]", "process", "bubblewrap", "gvisor");
    private readonly Option<Dictionary<string, string>> _variables = CommandFactory.PairsOption("--env-var", "An environment variable; may be given again");
    private readonly Option<EgressPolicy> _egress = MakeEgress();
    private readonly Option<string?> _body = CommandFactory.ChoiceOption("--body", "Hand over the request body whole or as it arrives [buffered]", "buffered", "stream");
    private readonly Option<string?> _consistency = CommandFactory.ChoiceOption(
        "--consistency", "What it may rely on when it reads shared state [lww]", "lww", "repeatable-read", "single-key", "multi-key", "causal");

    private readonly Option<KeepWarmSettings?> _keepWarm = CommandFactory.ParsedOption(
        "--keep-warm", "How long an instance without calls stays ready, then frozen, and its snapshot on disk [idle=2m,frozen=1h,snapshot=7d]", "2m|TIER=2m,...", KeepWarmSettings.Form, KeepWarmSettings.Parse);

    private readonly Option<int?> _maxCalls = CommandFactory.CountOption("--max-calls-per-instance", "Calls after which an instance is replaced; 0 is never [0]", 0);
    private readonly Option<bool> _onceOnly = new("--once-only") { Description = "Give each call an instance of its own; --once-only false takes that back" };

    public IEnumerable<Option> All =>
    [
        _environment, _handler, _timeout, _memory, _cpu, _concurrency, _executor, _minInstances, _maxInstances, _target, _provisioned, _sticky, _isolation, _variables, _egress, _body, _consistency,
        _keepWarm, _maxCalls, _onceOnly,
    ];

    public FunctionSettings Read(CommandScope scope) => new()
    {
        Environment = scope.Get(_environment),
        Handler = scope.Get(_handler),
        Timeout = scope.Get(_timeout),
        Memory = scope.Get(_memory),
        Cpu = scope.Get(_cpu),
        Concurrency = scope.Get(_concurrency),
        Executor = SettingTexts.Executor(scope.Get(_executor)),
        MinInstances = scope.Get(_minInstances),
        MaxInstances = scope.Get(_maxInstances),
        TargetUtilisation = scope.Get(_target),
        Provisioned = scope.Has(_provisioned) ? scope.Get(_provisioned) : null,
        Sticky = scope.Get(_sticky),
        Isolation = SettingTexts.Isolation(scope.Get(_isolation)),
        Variables = scope.Has(_variables) ? scope.Get(_variables) : null,
        Egress = scope.Has(_egress) ? scope.Get(_egress) : null,
        RequestBody = SettingTexts.RequestBody(scope.Get(_body)),
        Consistency = SettingTexts.Consistency(scope.Get(_consistency)),
        KeepWarm = scope.Get(_keepWarm),
        MaxCallsPerInstance = scope.Get(_maxCalls),
        OnceOnly = scope.Has(_onceOnly) ? scope.Get(_onceOnly) : null,
    };

    private static Option<EgressPolicy> MakeEgress()
    {
        var option = new Option<EgressPolicy>("--egress")
        {
            Description = "Which network connections it may open; --egress alone is --egress internet [none]",
            HelpName = "none|internet",
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result =>
            {
                if (result.Tokens.Count == 0)
                {
                    return EgressPolicy.Internet;
                }

                if (SettingTexts.Egress(result.Tokens[0].Value) is { } policy)
                {
                    return policy;
                }

                result.AddError($"'{result.Tokens[0].Value}' in --egress is neither none nor internet.");
                return default;
            },
        };
        option.CompletionSources.Add("none", "internet");
        return option;
    }

    private static Option<List<ProvisionedWindow>?> MakeProvisioned() => new("--provisioned")
    {
        Description = "Instances kept warm, always or in recurring windows of time; may be given again; 0 takes all back",
        HelpName = "\"N [@ CRON for DURATION [in ZONE]]\"",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            var windows = new List<ProvisionedWindow>();
            foreach (var token in result.Tokens.Where(token => token.Value.Trim() != "0"))
            {
                if (!ProvisionedText.TryParse(token.Value, out var window))
                {
                    result.AddError($"'{token.Value}' in --provisioned cannot be read; write it as {ProvisionedText.Form}.");
                    return null;
                }

                windows.Add(window);
            }

            return windows;
        },
    };
}
