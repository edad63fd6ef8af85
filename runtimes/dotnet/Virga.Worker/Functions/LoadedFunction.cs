using Virga.Functions;

namespace Virga.Worker.Functions;

/// <summary>The function version for which this instance was specialised.</summary>
/// <param name="Identity">Which it is.</param>
/// <param name="Handler">What runs.</param>
/// <param name="Concurrency">The most calls at a time.</param>
/// <param name="StreamsBodies">Whether it reads its bodies while they arrive.</param>
/// <param name="KeptValues">Large values of shared state that it has read.</param>
internal sealed record LoadedFunction(FunctionIdentity Identity, Handler Handler, int Concurrency, bool StreamsBodies, KeptValues KeptValues)
{
    /// <summary>The name of the node, which a clone of a snapshot learns anew.</summary>
    public string Node { get; set; } = string.Empty;
}
