using System.Globalization;
using System.Text;
using Virga.Composition.Dags.Api;
using Virga.Composition.Dags.Runs;
using Virga.Core.Dags;

namespace Virga.Composition.Dags.Pictures;

/// <summary>Draws a DAG, or a run of it with its steps' colours and times, as SVG. Pure.</summary>
internal static class DagPicture
{
    private const double Title = 36;
    private const double BarRow = 20;
    private const double BarLabel = 150;
    private const double BarEnd = 90;
    private const double LeastBars = 520;
    private const int MaxName = 20;
    private const int MaxFunction = 26;
    private const int MaxCondition = 34;

    private const string Style = """
        text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1f2937}
        .title{font-size:15px;font-weight:600}.name{font-weight:600;text-anchor:middle}.small{font-size:11px;fill:#4b5563;text-anchor:middle}
        .when{font-size:11px;fill:#6b7280;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}.bar{font-size:11px;fill:#4b5563}
        .edge{fill:none;stroke:#9ca3af;stroke-width:1.5}.conditional{stroke-dasharray:5 4}.tip{fill:#9ca3af}
        .box{stroke-width:1.5;fill:#fff;stroke:#94a3b8}.waiting{fill:#f8fafc;stroke:#cbd5e1}.running{fill:#dbeafe;stroke:#3b82f6}.succeeded{fill:#dcfce7;stroke:#22a355}
        .failed{fill:#fee2e2;stroke:#dc2626}.skipped{fill:#f8fafc;stroke:#cbd5e1;stroke-dasharray:4 3}.cancelled{fill:#fef3c7;stroke:#d97706}
        .b-succeeded{fill:#22a355}.b-failed{fill:#dc2626}.b-running{fill:#3b82f6}.b-cancelled{fill:#d97706}.axis{stroke:#e5e7eb}
        """;

    /// <summary>Draws.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="run">A run of it; null for the graph alone. One of an earlier version, whose steps are others, is drawn as its times alone.</param>
    public static string Draw(DagGraph graph, DagRunDocument? run)
    {
        var isSame = run is null || run.Steps.Select(step => step.Name).SequenceEqual(graph.Steps.Select(step => step.Name), StringComparer.Ordinal);
        var svg = new SvgWriter();
        var top = DagCoordinates.Margin + (run is null ? 0 : Title);
        var (width, height) = (0.0, top);
        if (isSame)
        {
            var layout = DagLayout.Of(graph);
            (width, height) = DagCoordinates.Set(layout, top);
            DrawEdges(svg, graph, layout);
            DrawSteps(svg, graph, layout, run);
        }

        if (run is not null)
        {
            svg.Add($"""<text class="title" x="{DagCoordinates.Margin}" y="{DagCoordinates.Margin + 12}">{SvgWriter.Escape(run.Dag)} · {Text(run.Status)} · {Time(run.DurationMs)}{(run.Attempt > 1 ? $" · attempt {run.Attempt}" : "")}</text>""");
            width = Math.Max(width, LeastBars);
            height = DrawBars(svg, run, width, height);
        }

        return svg.Finish(width, height, Style, run is null ? "DAG" : $"Run {run.Id} of {run.Dag}");
    }

    private static void DrawEdges(SvgWriter svg, DagGraph graph, DagLayout layout)
    {
        svg.Add($"""<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>""");
        var edge = 0;
        var labels = new List<(double X, double Y, string Text)>();
        foreach (var link in graph.Steps.SelectMany(step => step.Next))
        {
            var way = layout.Ways[edge++];
            svg.Add($"""<path class="edge{(link.When is null ? "" : " conditional")}" d="{Path(way)}" marker-end="url(#tip)"/>""");
            if (link.When is { } when)
            {
                labels.Add((((way[0].X * 0.45) + (way[1].X * 0.55)), way[0].Y + DagCoordinates.StepHeight + ((DagCoordinates.RowHeight - DagCoordinates.StepHeight) * 0.55), when.Text));
            }
        }

        // Above all lines, and one below the other where two would stand in one place.
        foreach (var row in labels.GroupBy(label => label.Y))
        {
            var (end, level) = (double.NegativeInfinity, 0);
            foreach (var (x, y, text) in row.OrderBy(label => label.X))
            {
                var shown = SvgWriter.Shorten(text, MaxCondition);
                var half = shown.Length * 3.1;
                level = x - half < end ? (level + 1) % 3 : 0;
                end = Math.Max(end, x + half);
                svg.Add($"""<text class="when" x="{x:0.#}" y="{y - 8 + (level * 13):0.#}"><title>{SvgWriter.Escape(text)}</title>{SvgWriter.Escape(shown)}</text>""");
            }
        }
    }

    private static void DrawSteps(SvgWriter svg, DagGraph graph, DagLayout layout, DagRunDocument? run)
    {
        foreach (var place in layout.Layers.SelectMany(layer => layer))
        {
            if (place.Step is not { } index)
            {
                continue;
            }

            var (step, ran) = (graph.Steps[index], run?.Steps[index]);
            var x = place.X - (DagCoordinates.StepWidth / 2);
            var about = step.When is { } when ? $"{step.Name} · {step.Node.Function} · when {when.Text}" : $"{step.Name} · {step.Node.Function}";
            var below = ran?.DurationMs is { } duration ? $"{Time(duration)}{(ran.Cold ? " · cold" : "")}{(ran.Attempts > 1 ? $" · {ran.Attempts} calls" : "")}"
                : ran is not null ? Text(ran.Status)
                : step.When is { } condition ? "when " + condition.Text
                : step.Node.Function;
            svg.Add($"""<g><title>{SvgWriter.Escape(about)}</title><rect class="box {(ran is null ? "" : Text(ran.Status))}" x="{x:0.#}" y="{place.Y:0.#}" width="{DagCoordinates.StepWidth}" height="{DagCoordinates.StepHeight}" rx="9"/>""");
            svg.Add($"""<text class="name" x="{place.X:0.#}" y="{place.Y + 22:0.#}">{SvgWriter.Escape(SvgWriter.Shorten(step.Name, MaxName))}</text><text class="small" x="{place.X:0.#}" y="{place.Y + 40:0.#}">{SvgWriter.Escape(SvgWriter.Shorten(below, MaxFunction))}</text></g>""");
        }
    }

    private static double DrawBars(SvgWriter svg, DagRunDocument run, double width, double top)
    {
        var steps = run.Steps.Where(step => step.StartMs is not null).OrderBy(step => step.StartMs).ToList();
        if (steps.Count == 0)
        {
            return top;
        }

        var left = DagCoordinates.Margin + BarLabel;
        var scale = (width - left - BarEnd - DagCoordinates.Margin) / Math.Max(0.001, Math.Max(run.DurationMs, steps.Max(step => step.StartMs!.Value + (step.DurationMs ?? 0))));
        svg.Add($"""<line class="axis" x1="{left:0.#}" y1="{top:0.#}" x2="{left:0.#}" y2="{top + (steps.Count * BarRow):0.#}"/>""");
        for (var i = 0; i < steps.Count; i++)
        {
            var (step, y) = (steps[i], top + (i * BarRow));
            var (start, length) = (step.StartMs!.Value, step.DurationMs ?? Math.Max(0, run.DurationMs - step.StartMs.Value));
            svg.Add($"""<text class="bar" x="{DagCoordinates.Margin}" y="{y + 13:0.#}">{SvgWriter.Escape(SvgWriter.Shorten(step.Name, MaxName))}</text>""");
            svg.Add($"""<rect class="b-{Text(step.Status)}" x="{left + (start * scale):0.##}" y="{y + 4:0.#}" width="{Math.Max(2, length * scale):0.##}" height="11" rx="3"><title>{SvgWriter.Escape(step.Name)}: {Time(start)} to {Time(start + length)}{(step.Node is null ? "" : " on " + SvgWriter.Escape(step.Node))}</title></rect>""");
            svg.Add($"""<text class="bar" x="{left + (start * scale) + Math.Max(2, length * scale) + 6:0.#}" y="{y + 13:0.#}">{Time(length)}{(step.Node is null ? "" : " · " + SvgWriter.Escape(SvgWriter.Shorten(step.Node, 12)))}</text>""");
        }

        return top + (steps.Count * BarRow) + DagCoordinates.Margin;
    }

    private static string Path(IReadOnlyList<LayoutPlace> way)
    {
        var path = new StringBuilder();
        var (x, y) = (way[0].X, way[0].Y + DagCoordinates.StepHeight);
        path.Append(CultureInfo.InvariantCulture, $"M{x:0.#} {y:0.#}");
        for (var i = 1; i < way.Count; i++)
        {
            var (nextX, nextY) = (way[i].X, way[i].Y);
            var bend = (nextY - y) / 2;
            path.Append(CultureInfo.InvariantCulture, $"C{x:0.#} {y + bend:0.#} {nextX:0.#} {nextY - bend:0.#} {nextX:0.#} {nextY:0.#}");
            if (i < way.Count - 1)
            {
                // Straight through the row that it passes.
                path.Append(CultureInfo.InvariantCulture, $"V{nextY + DagCoordinates.StepHeight:0.#}");
                nextY += DagCoordinates.StepHeight;
            }

            (x, y) = (nextX, nextY);
        }

        return path.ToString();
    }

    private static string Time(double milliseconds) => milliseconds switch
    {
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds * 1000:0} µs"),
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.#} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.##} s"),
    };

    private static string Text(StepStatus status) => status.ToString().ToLowerInvariant();

    private static string Text(RunStatus status) => status.ToString().ToLowerInvariant();
}
