namespace Virga.Core.Resources;

/// <summary>Decides how a function is kept apart: as it asks, else as the node does, and never less than its tenant's minimum.</summary>
/// <param name="Default">For functions that ask for nothing.</param>
/// <param name="Minimums">What is due at least. A function that was deployed before its minimum was raised gets the minimum.</param>
public sealed record IsolationPolicy(Isolation Default, IsolationMinimums Minimums)
{
    /// <summary>The isolation that a version runs in.</summary>
    public Isolation For(FunctionVersion version)
    {
        var wanted = version.Spec.Isolation ?? Default;
        var least = Minimums.Of(version.Name.Tenant);
        return wanted < least ? least : wanted;
    }
}
