using System.Globalization;

namespace Virga.Cli.Welcome;

/// <summary>One call of a sample over HTTP, as its caller saw it.</summary>
/// <param name="Answer">The answer's body.</param>
/// <param name="Start">What the node said of the instance: <c>cold</c> or <c>warm</c>.</param>
/// <param name="Latency">From the first byte sent to the last received.</param>
internal sealed record SampleCall(string Answer, string Start, TimeSpan Latency)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Latency.TotalMilliseconds:0.0} ms ({Start})");
}
