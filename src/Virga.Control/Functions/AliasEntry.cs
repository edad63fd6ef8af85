using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>An alias in memory: the versions that it leads to.</summary>
/// <param name="Target">The version that gets the calls.</param>
/// <param name="Alternate">The version that gets a part of them, if any.</param>
/// <param name="Weight">That part.</param>
internal readonly record struct AliasEntry(FunctionVersion Target, FunctionVersion? Alternate, double Weight)
{
    public FunctionVersion Choose(double draw) => Alternate is not null && draw < Weight ? Alternate : Target;
}
