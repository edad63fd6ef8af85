using Microsoft.CodeAnalysis;

namespace Virga.Compiler;

/// <summary>Finds what could be a handler: public static methods of public types.</summary>
internal static class PublicHandlers
{
    public static IEnumerable<string> Of(INamespaceOrTypeSymbol container)
    {
        foreach (ISymbol member in container.GetMembers())
        {
            switch (member)
            {
                case INamespaceSymbol or INamedTypeSymbol { DeclaredAccessibility: Accessibility.Public }:
                    foreach (string handler in Of((INamespaceOrTypeSymbol)member))
                    {
                        yield return handler;
                    }

                    break;
                case IMethodSymbol { IsStatic: true, DeclaredAccessibility: Accessibility.Public, MethodKind: MethodKind.Ordinary, IsImplicitlyDeclared: false } method:
                    yield return $"{method.ContainingType.ToDisplayString()}.{method.Name}";
                    break;
            }
        }
    }
}
