namespace Virga.Core.Invocations;

/// <summary>What started an invocation.</summary>
public enum Trigger
{
    /// <summary>An HTTP request at the gateway.</summary>
    Http,

    /// <summary>A WebSocket at the gateway.</summary>
    WebSocket,

    /// <summary>The control API or the command line.</summary>
    Invoke,

    /// <summary>Another function.</summary>
    Call,

    /// <summary>A step of a DAG.</summary>
    Dag,

    /// <summary>A message of a topic, or several.</summary>
    Topic,
}
