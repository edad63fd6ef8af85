using Virga.Cli.Yaml;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Configuration;

/// <summary>What the configuration file says of single tenants: a mapping of their names, which the command line and the environment have no place for.</summary>
internal static class TenantSettings
{
    /// <summary>The key of the mapping.</summary>
    public const string Key = "tenants";

    /// <summary>Puts what the file says into the options.</summary>
    /// <exception cref="Cli.Failures.UsageException">Something is wrong; the message names its line.</exception>
    public static NodeOptions Read(NodeOptions options, YamlMapping? root)
    {
        if (root?.Mapping(Key) is not { } tenants)
        {
            return options;
        }

        var minimums = new Dictionary<ResourceName, Isolation>();
        foreach (var key in tenants.Keys)
        {
            if (!ResourceName.TryParse(key, out var tenant))
            {
                throw tenants.WrongAt(key, $"'{ResourceName.Shorten(key)}' is no valid name of a tenant.", $"Use {ResourceName.Rule}.");
            }

            var settings = tenants.Mapping(key);
            settings?.AllowOnly("minimumIsolation");
            if (settings?.Value<Isolation>("minimumIsolation", "process, bubblewrap or gvisor", NodeSettings.ReadIsolation) is { } least)
            {
                minimums[tenant] = least;
            }
        }

        return options with { IsolationMinimums = options.IsolationMinimums with { Tenants = minimums } };
    }
}
