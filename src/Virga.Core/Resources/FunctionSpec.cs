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

    /// <summary>How many instances the function may have on a node at a time.</summary>
    public int MaxInstances { get; init; } = 16;

    /// <summary>How the instance is kept apart; null means the node's default.</summary>
    public Isolation? Isolation { get; init; }

    /// <summary>Whether the function may open network connections.</summary>
    public bool Egress { get; init; }

    /// <summary>Whether the request's body is handed over whole or as it arrives.</summary>
    public RequestBodyMode RequestBody { get; init; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How long an idle instance is kept.</summary>
    public Duration KeepWarm { get; init; } = Duration.FromSeconds(120);

    /// <summary>After how many calls an instance is replaced; 0 means never.</summary>
    public int MaxCallsPerInstance { get; init; }
}
