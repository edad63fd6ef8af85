using System.Text;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>What a function spec may say, apart from what it refers to.</summary>
internal static class FunctionSpecRules
{
    private const int MaxHandlerLength = 255;
    private const int MaxVariables = 256;
    private const int MaxVariableName = 255;
    private const int MaxVariableBytes = 32 * 1024;

    private static readonly TimeSpan MinTimeout = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan MaxKeepWarm = TimeSpan.FromDays(7);
    private static readonly TimeSpan MaxKeepSnapshot = TimeSpan.FromDays(90);

    /// <summary>Refuses a spec that breaks a rule; gives it back with its members in their one canonical form.</summary>
    /// <exception cref="ProblemException"><c>invalid-spec</c>.</exception>
    public static FunctionSpec Check(FunctionSpec spec)
    {
        Require(spec.Timeout.Span >= MinTimeout && spec.Timeout.Span <= MaxTimeout, "timeout", spec.Timeout, "from 1ms to 15m");
        Require(spec.Memory.Bytes >= 16L << 20 && spec.Memory.Bytes <= 64L << 30, "memory", spec.Memory, "from 16MB to 64GB");
        Require(spec.Cpu is >= 0.05 and <= 64, "cpu", spec.Cpu, "from 0.05 to 64 cores");
        Require(spec.Concurrency is >= 1 and <= 1000, "concurrency", spec.Concurrency, "from 1 to 1000");
        Require(spec.MaxInstances is >= 1 and <= 1000, "maxInstances", spec.MaxInstances, "from 1 to 1000");
        Require(spec.TargetUtilisation is > 0 and <= 1, "targetUtilisation", spec.TargetUtilisation, "over 0 and at most 1");
        Require(spec.MaxCallsPerInstance >= 0, "maxCallsPerInstance", spec.MaxCallsPerInstance, "0 (never replaced) or more");
        Require(Enum.IsDefined(spec.RequestBody), "requestBody", spec.RequestBody, "'buffered' or 'stream'");
        Require(Enum.IsDefined(spec.Executor), "executor", spec.Executor, "'pool' or 'dedicated'");
        Require(Enum.IsDefined(spec.Egress), "egress", spec.Egress, "'none' or 'internet'");
        Require(spec.Isolation is null || Enum.IsDefined(spec.Isolation.Value), "isolation", spec.Isolation, "'process', 'bubblewrap' or 'gvisor'");
        Require(Enum.IsDefined(spec.Consistency), "consistency", spec.Consistency, "'lww', 'repeatable-read', 'single-key', 'multi-key' or 'causal'");
        CheckMinInstances(spec);
        CheckKeepWarm(spec.KeepWarm);
        CheckSticky(spec.Sticky);
        CheckOnceOnly(spec);
        ProvisioningRules.Check(spec);
        CheckHandler(spec.Handler);
        CheckVariables(spec.Variables);
        return spec with
        {
            Sticky = StickyKey.TryParse(spec.Sticky, out var key) ? key.ToString() : null,
            Variables = new SortedDictionary<string, string>(spec.Variables.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
        };
    }

    private static void CheckMinInstances(FunctionSpec spec)
    {
        Require(spec.MinInstances >= 0 && spec.MinInstances <= spec.MaxInstances, "minInstances", spec.MinInstances, $"from 0 to maxInstances, which is {spec.MaxInstances}");
        if (spec.MinInstances > 0 && spec.Executor != Executor.Dedicated)
        {
            throw new ProblemException(KnownProblems.InvalidSpec(
                $"minInstances is {spec.MinInstances}, but the executor is pool, whose instances belong to no function until it is called.",
                "Set executor to dedicated, or use provisioned instead of minInstances."));
        }
    }

    private static void CheckKeepWarm(KeepWarm keepWarm)
    {
        Require(keepWarm.Idle.Span >= TimeSpan.Zero && keepWarm.Idle.Span <= MaxKeepWarm, "keepWarm.idle", keepWarm.Idle, "from 0s to 7d");
        Require(keepWarm.Frozen.Span >= TimeSpan.Zero && keepWarm.Frozen.Span <= MaxKeepWarm, "keepWarm.frozen", keepWarm.Frozen, "from 0s to 7d");
        Require(keepWarm.Snapshot.Span >= TimeSpan.Zero && keepWarm.Snapshot.Span <= MaxKeepSnapshot, "keepWarm.snapshot", keepWarm.Snapshot, "from 0s to 90d");
    }

    private static void CheckSticky(string? sticky)
    {
        if (sticky is not null && !StickyKey.TryParse(sticky, out _))
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"sticky is '{Core.Names.ResourceName.Shorten(sticky)}'; it must be {StickyKey.Rule}.", "Name the part of the request that decides, such as header:x-user."));
        }
    }

    private static void CheckOnceOnly(FunctionSpec spec)
    {
        if (!spec.OnceOnly)
        {
            return;
        }

        // Instances that are kept ready are in order: each still serves one call, and another takes its place.
        var (contradiction, fix) = spec switch
        {
            { Concurrency: > 1 } => ($"concurrency is {spec.Concurrency}", "Set concurrency to 1: calls that share an instance could find traces of each other."),
            { MaxCallsPerInstance: > 1 } => ($"maxCallsPerInstance is {spec.MaxCallsPerInstance}", "Leave maxCallsPerInstance out."),
            { Sticky: not null } => ("the function is sticky", "Leave sticky out: no instance is met twice."),
            _ => default,
        };
        if (contradiction is not null)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"onceOnly gives each call an instance of its own, but {contradiction}.", fix));
        }
    }

    private static void CheckHandler(string handler)
    {
        var valid = handler.Length <= MaxHandlerLength
            && !handler.Any(c => char.IsControl(c) || c == '\\')
            && handler.Count(c => c == ':') <= 1
            && !handler.StartsWith('/')
            && !handler.Split(':')[0].Split('/').Contains("..");
        if (!valid)
        {
            throw new ProblemException(KnownProblems.InvalidSpec(
                $"The handler '{Core.Names.ResourceName.Shorten(handler)}' is not valid.",
                "Write it as module:function, the module relative to the package's root; either part may be empty."));
        }
    }

    private static void CheckVariables(IReadOnlyDictionary<string, string> variables)
    {
        if (variables.Count > MaxVariables)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"There are {variables.Count} variables; {MaxVariables} are allowed."));
        }

        var bytes = 0;
        foreach (var (name, value) in variables)
        {
            if (name.Length is 0 or > MaxVariableName || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw new ProblemException(KnownProblems.InvalidSpec(
                    $"'{Core.Names.ResourceName.Shorten(name)}' is no name for an environment variable.", "Use letters, digits and '_', not beginning with a digit."));
            }

            if (value is null || value.Contains('\0', StringComparison.Ordinal))
            {
                throw new ProblemException(KnownProblems.InvalidSpec($"The value of the variable '{name}' is null or has a NUL character."));
            }

            bytes += name.Length + Encoding.UTF8.GetByteCount(value);
        }

        if (bytes > MaxVariableBytes)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"The variables take {bytes:N0} bytes; {MaxVariableBytes:N0} are allowed.", "Put large values into a file of the package."));
        }
    }

    private static void Require<T>(bool holds, string member, T value, string allowed)
    {
        if (!holds)
        {
            throw new ProblemException(KnownProblems.InvalidSpec($"{member} is {value}; it must be {allowed}.", $"Set {member} to a value {allowed}."));
        }
    }
}
