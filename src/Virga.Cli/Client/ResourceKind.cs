namespace Virga.Cli.Client;

/// <summary>A kind of resource of the control API.</summary>
public sealed class ResourceKind
{
    /// <summary>Functions.</summary>
    public static readonly ResourceKind Function = new("function", "functions");

    /// <summary>Routes.</summary>
    public static readonly ResourceKind Route = new("route", "routes");

    /// <summary>Environments.</summary>
    public static readonly ResourceKind Environment = new("environment", "environments");

    /// <summary>DAGs.</summary>
    public static readonly ResourceKind Dag = new("dag", "dags");

    /// <summary>Triggers.</summary>
    public static readonly ResourceKind Trigger = new("trigger", "triggers");

    /// <summary>Stream functions.</summary>
    public static readonly ResourceKind Stream = new("stream", "streams");

    private ResourceKind(string word, string segment)
    {
        Word = word;
        Segment = segment;
    }

    /// <summary>What a message calls one of them.</summary>
    public string Word { get; }

    /// <summary>Their part of the path.</summary>
    public string Segment { get; }
}
