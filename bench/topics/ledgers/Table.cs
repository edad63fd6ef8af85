using System.Globalization;
using System.Text;

namespace Virga.Bench.Topics;

/// <summary>Figures as Markdown.</summary>
internal static class Table
{
    public static string Of(IReadOnlyList<Figure> figures)
    {
        var text = new StringBuilder("| what | figure | p50 us | p99 us | target |\n|---|---:|---:|---:|---|\n");
        foreach (var figure in figures)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Name} | {figure.Value:N1} {figure.Unit} | {figure.P50:0.0} | {figure.P99:0.0} | {figure.Target} |\n");
        }

        return text.ToString().TrimEnd('\n');
    }
}
