using Virga.Core.Dags;

namespace Virga.Composition.Dags.Pictures;

/// <summary>
/// Where the steps of a graph stand in a picture: in layers by the longest way to them, from the top down, each layer in an order in which few edges cross
/// (Sugiyama, Tagawa and Toda, 1981, with medians as by Gansner et al., 1993). An edge over several layers has a place in each that it passes. Pure.
/// </summary>
internal sealed class DagLayout
{
    private const int Sweeps = 8;

    private DagLayout(IReadOnlyList<IReadOnlyList<LayoutPlace>> layers, IReadOnlyList<IReadOnlyList<LayoutPlace>> ways)
    {
        Layers = layers;
        Ways = ways;
    }

    /// <summary>The places of each layer, from left to right.</summary>
    public IReadOnlyList<IReadOnlyList<LayoutPlace>> Layers { get; }

    /// <summary>For each edge, in the order of the steps and of their links, the places that it passes, both ends included.</summary>
    public IReadOnlyList<IReadOnlyList<LayoutPlace>> Ways { get; }

    /// <summary>Lays a graph out.</summary>
    public static DagLayout Of(DagGraph graph)
    {
        var layers = new List<List<LayoutPlace>>();
        var places = new LayoutPlace[graph.Steps.Count];
        foreach (var step in graph.Order)
        {
            places[step] = Add(layers, graph.Steps[step].Layer, step);
        }

        var ways = new List<IReadOnlyList<LayoutPlace>>();
        foreach (var step in graph.Steps)
        {
            foreach (var link in step.Next)
            {
                var way = new List<LayoutPlace> { places[link.From] };
                for (var layer = step.Layer + 1; layer < graph.Steps[link.To].Layer; layer++)
                {
                    way.Add(Add(layers, layer, null));
                }

                way.Add(places[link.To]);
                for (var i = 1; i < way.Count; i++)
                {
                    way[i - 1].Below.Add(way[i]);
                    way[i].Above.Add(way[i - 1]);
                }

                ways.Add(way);
            }
        }

        Order(layers);
        return new DagLayout(layers, ways);
    }

    private static LayoutPlace Add(List<List<LayoutPlace>> layers, int layer, int? step)
    {
        while (layers.Count <= layer)
        {
            layers.Add([]);
        }

        var place = new LayoutPlace(step, layer) { Rank = layers[layer].Count };
        layers[layer].Add(place);
        return place;
    }

    private static void Order(List<List<LayoutPlace>> layers)
    {
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var down = sweep % 2 == 0;
            for (var i = 1; i < layers.Count; i++)
            {
                Sort(layers[down ? i : layers.Count - 1 - i], down);
            }
        }
    }

    private static void Sort(List<LayoutPlace> layer, bool byAbove)
    {
        var sorted = layer.OrderBy(place => Median(byAbove ? place.Above : place.Below) ?? place.Rank).ThenBy(place => place.Rank).ToList();
        for (var i = 0; i < sorted.Count; i++)
        {
            layer[i] = sorted[i];
            sorted[i].Rank = i;
        }
    }

    // Relative to the width of the neighbours' layer, so that layers of different widths are comparable.
    private static double? Median(List<LayoutPlace> neighbours)
    {
        if (neighbours.Count == 0)
        {
            return null;
        }

        var ranks = neighbours.Select(place => place.Rank).Order().ToList();
        var middle = ranks.Count / 2;
        return ranks.Count % 2 == 1 ? ranks[middle] : (ranks[middle - 1] + ranks[middle]) / 2.0;
    }
}
