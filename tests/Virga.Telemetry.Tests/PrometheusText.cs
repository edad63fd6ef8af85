using System.Globalization;
using System.Text.RegularExpressions;

namespace Virga.Telemetry.Tests;

/// <summary>A strict reader of the Prometheus text format: it fails on whatever the format does not allow.</summary>
internal sealed partial class PrometheusText
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);

    public PrometheusText(string text)
    {
        text.ShouldEndWith("\n");
        var families = new HashSet<string>(StringComparer.Ordinal);
        var (family, type) = ("", "");
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                families.Add(family).ShouldBeTrue($"{family} is written twice");
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                line.Split(' ')[2].ShouldBe(family);
                type = line.Split(' ')[3];
                type.ShouldBeOneOf("counter", "gauge", "histogram");
                (type != "counter" || family.EndsWith("_total", StringComparison.Ordinal)).ShouldBeTrue(family);
            }
            else
            {
                Read(line, family, type);
            }
        }
    }

    public double this[string series] => _samples[series];

    public int Count(string name) => _samples.Keys.Count(key => key.StartsWith(name, StringComparison.Ordinal));

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*")(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*")*)\})? (?<value>\S+)$""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sample();

    private void Read(string line, string family, string type)
    {
        var match = Sample().Match(line);
        match.Success.ShouldBeTrue(line);
        var name = match.Groups["name"].Value;
        string[] allowed = type == "histogram" ? [family + "_bucket", family + "_sum", family + "_count"] : [family];
        allowed.ShouldContain(name);
        var value = match.Groups["value"].Value is "+Inf" ? double.PositiveInfinity : double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture);
        _samples.TryAdd(line[..line.LastIndexOf(' ')], value).ShouldBeTrue($"{line} is written twice");
    }
}
