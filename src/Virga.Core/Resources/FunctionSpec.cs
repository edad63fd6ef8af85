namespace Virga.Core.Resources;

/// <summary>What a user asks of a function. Every change of it makes a new function version.</summary>
public sealed record FunctionSpec
{
    /// <summary>Name of the environment that runs it, looked up in the function's namespace, then among the built-in ones.</summary>
    public required string Environment { get; init; }

    /// <summary>Digest of the package as uploaded: <c>sha256:</c> and 64 hexadecimal digits.</summary>
    public required string Package { get; init; }

    /// <summary><c>module:function</c>; either part may be empty, which means the environment's default.</summary>
    public string Handler { get; init; } = "";

    /// <summary>How long a call may take, its wait for an instance included.</summary>
    public Duration Timeout { get; init; } = Duration.FromSeconds(30);

    /// <summary>Memory limit of one instance.</summary>
    public ByteSize Memory { get; init; } = ByteSize.FromMegabytes(128);

    /// <summary>CPU limit of one instance, in cores.</summary>
    public double Cpu { get; init; } = 1;

    /// <summary>How many calls one instance serves at a time.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>Where its instances come from.</summary>
    public Executor Executor { get; init; }

    /// <summary>How many instances the function has on a node even without calls; more than 0 needs the executor <c>dedicated</c>.</summary>
    public int MinInstances { get; init; }

    /// <summary>How many instances the function may have on a node at a time.</summary>
    public int MaxInstances { get; init; } = 16;

    /// <summary>Which part of its instances' <see cref="Concurrency"/> the autoscaler aims to have in use, above 0 and at most 1.</summary>
    public double TargetUtilisation { get; init; } = 0.7;

    /// <summary>Instances kept specialised and warm, always or at certain times.</summary>
    public IReadOnlyList<ProvisionedWindow> Provisioned { get; init; } = [];

    /// <summary>Which part of a request sends it to the same instance each time, if that has room: <c>header:NAME</c>, <c>query:NAME</c>, <c>cookie:NAME</c> or <c>path:NAME</c>.</summary>
    public string? Sticky { get; init; }

    /// <summary>How the instance is kept apart; null means the node's default.</summary>
    public Isolation? Isolation { get; init; }

    /// <summary>Which network connections the function may open.</summary>
    public EgressPolicy Egress { get; init; }

    /// <summary>What the function may rely on when it reads shared state, where it does not run in a session that began before it.</summary>
    public Consistency Consistency { get; init; }

    /// <summary>Whether the request's body is handed over whole or as it arrives.</summary>
    public RequestBodyMode RequestBody { get; init; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How long an instance without calls stays in each tier.</summary>
    public KeepWarm KeepWarm { get; init; } = new();

    /// <summary>After how many calls an instance is replaced; 0 means never.</summary>
    public int MaxCallsPerInstance { get; init; }

    /// <summary>Whether an instance serves one call and ends: for code that must not find traces of another call. Needs a concurrency of 1.</summary>
    public bool OnceOnly { get; init; }

    /// <summary>The spec with other scaling limits.</summary>
    public FunctionSpec WithScale(ScaleLimits limits) => this with { MinInstances = limits.Min, MaxInstances = limits.Max, TargetUtilisation = limits.Target };
}
