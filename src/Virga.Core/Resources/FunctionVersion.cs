using Virga.Core.Names;

namespace Virga.Core.Resources;

/// <summary>One version of a function, ready to run. Compared by reference: one object per version is alive on a node. Immutable but for <see cref="Scale"/>.</summary>
public sealed class FunctionVersion
{
    private volatile ScaleLimits? _scale;

    /// <summary>The function.</summary>
    public required FunctionName Name { get; init; }

    /// <summary>Number of the version, counted from 1.</summary>
    public required int Version { get; init; }

    /// <summary>What the user asked for. Its scaling members are those of the version's deployment; what holds now is <see cref="Scale"/>.</summary>
    public required FunctionSpec Spec
    {
        get;
        init
        {
            field = value;
            _scale = ScaleLimits.Of(value).For(value);
        }
    }

    /// <summary>Digest of the package that the worker loads: the uploaded one, or what its build made of it.</summary>
    public required string BuiltPackage { get; init; }

    /// <summary>The limits that hold now; read it anew for each decision, it costs no more than a field.</summary>
    public ScaleLimits Scale => _scale!;

    /// <summary>Whether instances of it are to be there even without calls, always or at times.</summary>
    public bool KeepsInstances => Scale.Min > 0 || Spec.Provisioned.Count > 0;

    /// <summary>Sets other limits, as far as the version can keep them (<see cref="ScaleLimits.For"/>). For the one who keeps the functions alone.</summary>
    public void Rescale(ScaleLimits limits)
    {
        // Equal limits stay the object that they are, which most versions share.
        if (limits.For(Spec) is var kept && kept != _scale)
        {
            _scale = kept;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}:{Version}";
}
