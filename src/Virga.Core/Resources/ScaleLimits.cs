namespace Virga.Core.Resources;

/// <summary>Between which bounds, and towards which use, a function is scaled. They belong to the function: a change holds for all its versions at once and replaces no instance.</summary>
/// <param name="Min">Instances that are there even without calls.</param>
/// <param name="Max">Instances that there may be at a time.</param>
/// <param name="Target">Which part of the instances' concurrency is aimed to be in use, above 0 and at most 1.</param>
public sealed record ScaleLimits(int Min, int Max, double Target)
{
    // What most functions have; shared, so that a function that is never scaled pays a reference and nothing else.
    private static readonly ScaleLimits s_usual = Read(new FunctionSpec { Environment = "", Package = "" });

    /// <summary>The limits that a spec asks for.</summary>
    public static ScaleLimits Of(FunctionSpec spec)
    {
        var limits = Read(spec);
        return limits == s_usual ? s_usual : limits;
    }

    /// <summary>These limits as far as a version can keep them: one that runs on pooled instances has no minimum.</summary>
    public ScaleLimits For(FunctionSpec version) => Min == 0 || version.Executor == Executor.Dedicated ? this : this with { Min = 0 };

    private static ScaleLimits Read(FunctionSpec spec) => new(spec.MinInstances, spec.MaxInstances, spec.TargetUtilisation);
}
