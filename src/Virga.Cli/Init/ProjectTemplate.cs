using System.Reflection;
using Virga.Core.Names;

namespace Virga.Cli.Init;

/// <summary>The files of a new project in one language; they are kept in the executable.</summary>
internal sealed class ProjectTemplate(string language)
{
    public static readonly string[] Languages = ["js", "ts", "python", "csharp"];

    private const string Placeholder = "{{name}}";

    private readonly string _prefix = $"templates/{language}/";

    /// <summary>Writes the project into a folder that does not exist yet; gives the names of its files.</summary>
    public IReadOnlyList<string> Write(string folder, ResourceName name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var resources = assembly.GetManifestResourceNames().Where(resource => resource.StartsWith(_prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        Directory.CreateDirectory(folder);
        foreach (var resource in resources)
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            File.WriteAllText(Path.Combine(folder, resource[_prefix.Length..]), reader.ReadToEnd().Replace(Placeholder, name.Value, StringComparison.Ordinal));
        }

        return [.. resources.Select(resource => resource[_prefix.Length..])];
    }
}
