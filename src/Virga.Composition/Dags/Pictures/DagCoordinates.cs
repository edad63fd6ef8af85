namespace Virga.Composition.Dags.Pictures;

/// <summary>Gives the places of a layout their coordinates: rows below each other, within a row as close as can be to what each place is tied to. Pure but for the places.</summary>
internal static class DagCoordinates
{
    /// <summary>Width of a step, in pixels.</summary>
    public const double StepWidth = 168;

    /// <summary>Height of a step.</summary>
    public const double StepHeight = 52;

    /// <summary>From the upper edge of a row to that of the next.</summary>
    public const double RowHeight = 116;

    /// <summary>Around the whole picture.</summary>
    public const double Margin = 24;

    private const double Gap = 28;
    private const double PassingWidth = 20;
    private const int Passes = 24;

    /// <summary>Sets them; gives the width and height that they need together, margins included.</summary>
    public static (double Width, double Height) Set(DagLayout layout, double top)
    {
        foreach (var layer in layout.Layers)
        {
            var x = 0.0;
            foreach (var place in layer)
            {
                x += HalfOf(place);
                place.X = x;
                place.Y = top + (place.Layer * RowHeight);
                x += HalfOf(place) + Gap;
            }
        }

        for (var pass = 0; pass < Passes; pass++)
        {
            var down = pass % 2 == 0;
            for (var i = 0; i < layout.Layers.Count; i++)
            {
                Align(layout.Layers[down ? i : layout.Layers.Count - 1 - i], down);
            }
        }

        var left = layout.Layers.SelectMany(layer => layer).Min(place => place.X - HalfOf(place));
        var right = 0.0;
        foreach (var place in layout.Layers.SelectMany(layer => layer))
        {
            place.X += Margin - left;
            right = Math.Max(right, place.X + HalfOf(place));
        }

        return (right + Margin, top + ((layout.Layers.Count - 1) * RowHeight) + StepHeight + Margin);
    }

    // Each place wants to stand at the mean of its neighbours. Pushed apart once from the left and once from the right, the mean of both keeps order and distances.
    private static void Align(IReadOnlyList<LayoutPlace> layer, bool byAbove)
    {
        var wanted = layer.Select(place => Wanted(place, byAbove)).ToArray();
        var fromLeft = (double[])wanted.Clone();
        for (var i = 1; i < fromLeft.Length; i++)
        {
            fromLeft[i] = Math.Max(fromLeft[i], fromLeft[i - 1] + Distance(layer[i - 1], layer[i]));
        }

        var fromRight = (double[])wanted.Clone();
        for (var i = fromRight.Length - 2; i >= 0; i--)
        {
            fromRight[i] = Math.Min(fromRight[i], fromRight[i + 1] - Distance(layer[i], layer[i + 1]));
        }

        for (var i = 0; i < wanted.Length; i++)
        {
            layer[i].X = (fromLeft[i] + fromRight[i]) / 2;
        }
    }

    private static double Wanted(LayoutPlace place, bool byAbove)
    {
        var neighbours = byAbove ? place.Above : place.Below;
        return neighbours.Count == 0 ? place.X : neighbours.Average(neighbour => neighbour.X);
    }

    private static double Distance(LayoutPlace left, LayoutPlace right) => HalfOf(left) + Gap + HalfOf(right);

    private static double HalfOf(LayoutPlace place) => (place.Step is null ? PassingWidth : StepWidth) / 2;
}
