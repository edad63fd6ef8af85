using System.Globalization;
using System.Text;

namespace Virga.Bench.State;

/// <summary>Figures as Markdown.</summary>
internal static class Table
{
    public static string Of(IReadOnlyList<Figure> figures)
    {
        var text = new StringBuilder("| operation | per second | p50 us | p99 us | bytes allocated | CPU us | target |\n|---|---:|---:|---:|---:|---:|---|\n");
        foreach (var figure in figures)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Name} | {figure.PerSecond:N0} | {figure.P50:0.0} | {figure.P99:0.0} | {figure.BytesPerOperation:0} | {figure.CpuMicroseconds:0.00} | {figure.Target} |\n");
        }

        return text.ToString().TrimEnd('\n');
    }
}
