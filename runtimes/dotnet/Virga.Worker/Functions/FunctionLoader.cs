using System.Reflection;
using System.Runtime.CompilerServices;

namespace Virga.Worker.Functions;

/// <summary>Finds a function's assembly, type and method in its package.</summary>
internal static class FunctionLoader
{
    private const string DefaultMethod = "Handler";
    private const string Compiled = "function.dll";
    private const string DependenciesSuffix = ".deps.json";

    /// <param name="root">The package's folder.</param>
    /// <param name="handler">The type and the method, as in <c>Shop.Orders:Create</c>; either may be left out.</param>
    /// <param name="function">The function's name: an assembly of that name is the main one when nothing else tells.</param>
    /// <exception cref="FunctionLoadException">There is no such assembly, type or method.</exception>
    public static Handler Load(string root, string handler, string function)
    {
        int colon = handler.IndexOf(':', StringComparison.Ordinal);
        string module = colon < 0 ? handler : handler[..colon];
        string method = colon < 0 ? string.Empty : handler[(colon + 1)..];
        if (method.Length == 0)
        {
            method = DefaultMethod;
        }

        string path = FindAssembly(root, function);
        Assembly assembly = new FunctionLoadContext(path).LoadFromAssemblyPath(path);
        MethodInfo found = FindMethod(assembly, module, method);

        // The type's own initialisation belongs to the cold start, and its failure is told as such.
        RuntimeHelpers.RunClassConstructor(found.DeclaringType!.TypeHandle);
        return HandlerBinder.Bind(found);
    }

    private static string FindAssembly(string root, string function)
    {
        string compiled = Path.Combine(root, Compiled);
        if (File.Exists(compiled))
        {
            return compiled;
        }

        string[] described = Directory.GetFiles(root, "*" + DependenciesSuffix);
        if (described.Length == 1)
        {
            string main = described[0][..^DependenciesSuffix.Length] + ".dll";
            if (File.Exists(main))
            {
                return main;
            }
        }

        string[] assemblies = Directory.GetFiles(root, "*.dll");
        string[] own = Array.FindAll(assemblies, path => !Path.GetFileName(path).StartsWith("Virga.", StringComparison.Ordinal));
        return Array.Find(own, path => string.Equals(Path.GetFileNameWithoutExtension(path), function, StringComparison.OrdinalIgnoreCase))
            ?? (own.Length == 1 ? own[0] : null)
            ?? throw new FunctionLoadException(
                FunctionLoadException.ModuleNotFound,
                own.Length == 0
                    ? "The package holds no assembly (.dll). Deploy C# sources, or the folder that 'dotnet publish' wrote."
                    : $"The package holds several assemblies and no .deps.json: rename the main one to {Compiled}. Found: "
                        + string.Join(", ", own.Select(Path.GetFileName)));
    }

    private static MethodInfo FindMethod(Assembly assembly, string module, string method)
    {
        Type[] types = module.Length == 0 ? assembly.GetExportedTypes() : [FindType(assembly, module)];
        List<MethodInfo> found = [.. types.SelectMany(HandlersOf).Where(candidate => string.Equals(candidate.Name, method, StringComparison.Ordinal))];
        if (found.Count == 1)
        {
            return found[0];
        }

        string wanted = module.Length == 0 ? $"public static method '{method}'" : $"public static method '{method}' in {module}";
        IEnumerable<string> candidates = (found.Count > 0 ? found : types.SelectMany(HandlersOf)).Select(Describe).Distinct(StringComparer.Ordinal);
        throw new FunctionLoadException(
            FunctionLoadException.HandlerNotFound,
            (found.Count == 0 ? $"There is no {wanted}" : $"There is more than one {wanted}")
                + $"; name one with --handler Type:Method. Candidates: {Join(candidates)}.");
    }

    private static Type FindType(Assembly assembly, string module)
    {
        Type[] types = assembly.GetTypes();
        return Array.Find(types, type => string.Equals(type.FullName, module, StringComparison.Ordinal))
            ?? Array.Find(types, type => string.Equals(type.Name, module, StringComparison.Ordinal))
            ?? throw new FunctionLoadException(
                FunctionLoadException.ModuleNotFound,
                $"There is no type '{module}'. Candidates: {Join(types.SelectMany(HandlersOf).Select(Describe))}.");
    }

    private static IEnumerable<MethodInfo> HandlersOf(Type type) => type
        .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(method => !method.IsSpecialName && !method.IsGenericMethodDefinition && method.Name[0] != '<');

    private static string Describe(MethodInfo method) => $"{method.DeclaringType!.FullName}:{method.Name}";

    private static string Join(IEnumerable<string> candidates)
    {
        string joined = string.Join(", ", candidates.Take(20));
        return joined.Length == 0 ? "none" : joined;
    }
}
