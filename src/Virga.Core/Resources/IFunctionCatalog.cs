using Virga.Core.Names;

namespace Virga.Core.Resources;

/// <summary>Finds function versions on the path of a call: from memory, without a lock or a query.</summary>
public interface IFunctionCatalog
{
    /// <summary>
    /// The version that a call goes to. <paramref name="qualifier"/> is null for the live version, else an alias or a version number.
    /// Where traffic is split, <paramref name="draw"/> (0 up to 1, drawn by the caller) decides. Null when there is no such function or qualifier.
    /// A version that is not in memory (an old one, called by number) is loaded first, and only then does the call wait.
    /// </summary>
    ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation);
}
