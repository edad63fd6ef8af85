namespace Virga.Cli.Client;

/// <summary>The connection to a node broke after the request was sent and before the answer's end.</summary>
/// <param name="answering">Whose answer it was: the node's own, or that of a function which it called.</param>
/// <param name="cause">The failure of the connection.</param>
public sealed class ConnectionBrokenException(Answering answering, Exception cause)
    : Exception($"The connection broke while the {(answering == Answering.Function ? "function" : "node")} answered: {cause.InnerException?.Message ?? cause.Message}", cause)
{
    /// <summary>Whose answer it was.</summary>
    public Answering Answering { get; } = answering;
}
