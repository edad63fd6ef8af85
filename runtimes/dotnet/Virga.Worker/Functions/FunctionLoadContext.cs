using System.Reflection;
using System.Runtime.Loader;
using Virga.Functions;

namespace Virga.Worker.Functions;

/// <summary>Where a function's assemblies live: its own copies first, then the framework's.</summary>
internal sealed class FunctionLoadContext : AssemblyLoadContext
{
    private static readonly string? Shared = typeof(Event).Assembly.GetName().Name;

    private readonly string root;
    private readonly AssemblyDependencyResolver? dependencies;

    public FunctionLoadContext(string mainAssembly)
        : base("function")
    {
        root = Path.GetDirectoryName(mainAssembly)!;
        // Only a published folder says in a file where its dependencies are.
        dependencies = File.Exists(Path.ChangeExtension(mainAssembly, ".deps.json"))
            ? new AssemblyDependencyResolver(mainAssembly)
            : null;
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (string.Equals(assemblyName.Name, Shared, StringComparison.Ordinal))
        {
            // The types that worker and function exchange must be the same ones.
            return typeof(Event).Assembly;
        }

        string path = dependencies?.ResolveAssemblyToPath(assemblyName) ?? Path.Combine(root, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = dependencies?.ResolveUnmanagedDllToPath(unmanagedDllName);
        if (path is null)
        {
            string beside = Path.Combine(root, unmanagedDllName);
            string[] candidates = [beside, beside + ".so", Path.Combine(root, "lib" + unmanagedDllName + ".so")];
            path = Array.Find(candidates, File.Exists);
        }

        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }
}
