namespace Virga.Cli.Client;

/// <summary>Who answers a request to a node.</summary>
public enum Answering
{
    /// <summary>The node's control API.</summary>
    Node,

    /// <summary>A function that the node calls.</summary>
    Function,
}
