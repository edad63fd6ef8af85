namespace Virga.Composition.Dags.Pictures;

/// <summary>A place in a layer: of a step, or of an edge that passes.</summary>
/// <param name="step">The step's place in its graph; null for an edge.</param>
/// <param name="layer">Which layer.</param>
internal sealed class LayoutPlace(int? step, int layer)
{
    /// <summary>The step's place in its graph; null for an edge.</summary>
    public int? Step { get; } = step;

    /// <summary>Which layer.</summary>
    public int Layer { get; } = layer;

    /// <summary>From left to right within the layer, from 0.</summary>
    public int Rank { get; set; }

    /// <summary>What leads here from the layer above.</summary>
    public List<LayoutPlace> Above { get; } = [];

    /// <summary>What it leads to in the layer below.</summary>
    public List<LayoutPlace> Below { get; } = [];

    /// <summary>The middle, in pixels.</summary>
    public double X { get; set; }

    /// <summary>The upper edge, in pixels.</summary>
    public double Y { get; set; }
}
