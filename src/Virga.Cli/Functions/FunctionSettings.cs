using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary>What a user said about a function; what was left unsaid is null.</summary>
internal sealed record FunctionSettings
{
    /// <summary>Says of <see cref="Sticky"/> that no part of a request decides.</summary>
    public const string NotSticky = "none";

    public string? Environment { get; init; }

    public string? Handler { get; init; }

    public Duration? Timeout { get; init; }

    public ByteSize? Memory { get; init; }

    public double? Cpu { get; init; }

    public int? Concurrency { get; init; }

    public Executor? Executor { get; init; }

    public int? MinInstances { get; init; }

    public int? MaxInstances { get; init; }

    public double? TargetUtilisation { get; init; }

    /// <summary>All windows that there are to be.</summary>
    public IReadOnlyList<ProvisionedWindow>? Provisioned { get; init; }

    /// <summary>A sticky key or <see cref="NotSticky"/>.</summary>
    public string? Sticky { get; init; }

    public Isolation? Isolation { get; init; }

    public EgressPolicy? Egress { get; init; }

    public RequestBodyMode? RequestBody { get; init; }

    public Consistency? Consistency { get; init; }

    public IReadOnlyDictionary<string, string>? Variables { get; init; }

    public KeepWarmSettings? KeepWarm { get; init; }

    public int? MaxCallsPerInstance { get; init; }

    public bool? OnceOnly { get; init; }

    /// <summary>The spec that follows: what was said, on top of <paramref name="current"/> or else the defaults.</summary>
    public FunctionSpec Over(FunctionSpec? current, string environment, string package)
    {
        // Another language means another program: a handler's name does not carry over.
        var start = current ?? new FunctionSpec { Environment = environment, Package = package };
        return start with
        {
            Environment = environment,
            Package = package,
            Handler = Handler ?? (start.Environment == environment ? start.Handler : ""),
            Timeout = Timeout ?? start.Timeout,
            Memory = Memory ?? start.Memory,
            Cpu = Cpu ?? start.Cpu,
            Concurrency = Concurrency ?? start.Concurrency,
            Executor = Executor ?? start.Executor,
            MinInstances = MinInstances ?? start.MinInstances,
            MaxInstances = MaxInstances ?? start.MaxInstances,
            TargetUtilisation = TargetUtilisation ?? start.TargetUtilisation,
            Provisioned = Provisioned ?? start.Provisioned,
            Sticky = Sticky is null ? start.Sticky : Sticky == NotSticky ? null : Sticky,
            Isolation = Isolation ?? start.Isolation,
            Egress = Egress ?? start.Egress,
            Consistency = Consistency ?? start.Consistency,
            RequestBody = RequestBody ?? start.RequestBody,
            Variables = Variables is null ? start.Variables : Merge(start.Variables, Variables),
            KeepWarm = KeepWarm?.Over(start.KeepWarm) ?? start.KeepWarm,
            MaxCallsPerInstance = MaxCallsPerInstance ?? start.MaxCallsPerInstance,
            OnceOnly = OnceOnly ?? start.OnceOnly,
        };
    }

    private static SortedDictionary<string, string> Merge(IReadOnlyDictionary<string, string> current, IReadOnlyDictionary<string, string> given)
    {
        var merged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in current.Concat(given))
        {
            merged[key] = value;
        }

        return merged;
    }
}
