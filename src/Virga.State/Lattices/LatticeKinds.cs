namespace Virga.State.Lattices;

/// <summary>The names of kinds in JSON and in what people see.</summary>
public static class LatticeKinds
{
    /// <summary>A kind's name; of updates and queries the member that says what they are about.</summary>
    public static string ToName(this LatticeKind kind) => kind switch
    {
        LatticeKind.Lww => "lww",
        LatticeKind.Causal => "causal",
        LatticeKind.Counter => "counter",
        LatticeKind.GrowSet => "growSet",
        LatticeKind.Set => "set",
        LatticeKind.OrderedSet => "orderedSet",
        LatticeKind.Map => "map",
        LatticeKind.Max => "max",
        LatticeKind.Min => "min",
        LatticeKind.Flag => "flag",
        LatticeKind.Log => "log",
        LatticeKind.HyperLogLog => "hyperLogLog",
        LatticeKind.CountMin => "countMin",
        LatticeKind.Quantiles => "quantiles",
        LatticeKind.TopK => "topK",
        LatticeKind.Bloom => "bloom",
        LatticeKind.Theta => "theta",
        LatticeKind.Reservoir => "reservoir",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
