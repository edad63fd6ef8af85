using System.Diagnostics.CodeAnalysis;

namespace Virga.Core.Names;

/// <summary>A function of some namespace, as specs name it: <c>name</c>, <c>name:alias</c> or <c>name:version</c>.</summary>
/// <param name="Name">The function.</param>
/// <param name="Qualifier">The alias or version; null for the live one.</param>
public readonly record struct FunctionReference(ResourceName Name, string? Qualifier)
{
    /// <summary>What a valid one looks like, for error messages.</summary>
    public const string Rule = "name, name:alias or name:version";

    /// <summary>Reads one; fails on anything that breaks <see cref="Rule"/>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out FunctionReference reference)
    {
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        var qualifier = colon < 0 ? null : text![(colon + 1)..];
        var isValid = ResourceName.TryParse(colon < 0 ? text : text![..colon], out var name) && (qualifier is null || ResourceName.TryParse(qualifier, out _));
        reference = new FunctionReference(name, qualifier);
        return isValid;
    }

    /// <summary>The function's full name in a namespace.</summary>
    public FunctionName In(Scope scope) => new(scope.Tenant, scope.Namespace, Name);

    /// <inheritdoc/>
    public override string ToString() => Qualifier is null ? Name.Value : $"{Name}:{Qualifier}";
}
