using Virga.Cli.Failures;
using Virga.Cli.Yaml;
using Virga.Core.Names;

namespace Virga.Configuration;

/// <summary>Finds a node's options: what the command line says, else the environment, else the configuration file, else the default.</summary>
/// <param name="option">Gives the text of a command-line option; null when it was not given.</param>
/// <param name="variable">Gives an environment variable; null when it is not set.</param>
/// <param name="directory">The folder that relative paths of the command line and the environment start from.</param>
internal sealed class NodeOptionsReader(Func<string, string?> option, Func<string, string?> variable, string directory)
{
    public const string ConfigOption = "--config";
    public const string ConfigVariable = "VIRGA_CONFIG";
    private const string DefaultData = ".virga";

    /// <summary>Reads and validates everything.</summary>
    /// <exception cref="UsageException">A value is wrong; the message names the setting, where it came from and what it takes.</exception>
    public NodeOptions Read()
    {
        var (file, root) = ReadFile();
        var options = new NodeOptions { Data = Path.GetFullPath(DefaultData, directory), Prices = root?.Mapping(PriceSheetReader.Key) is { } prices ? PriceSheetReader.Read(prices) : null };
        foreach (var setting in NodeSettings.All)
        {
            if (Find(setting, file, root) is var (text, source, folder, failure))
            {
                options = setting.Set(options, text, folder) ?? throw failure($"{(setting.HasSecret ? "The value" : $"'{text}'")} in {source} cannot be used.", $"It takes {setting.Expected}.");
            }
        }

        options = TenantSettings.Read(options, root);
        if (options.Gateway.Equals(options.Admin) && options.Gateway.Port != 0)
        {
            throw new UsageException($"The gateway and the control API would both listen on {options.Gateway}.", "Give one of them another port, with --gateway or --admin.");
        }

        if (options.Pulsar is { Port: not 0 } pulsar && (pulsar.Equals(options.Gateway) || pulsar.Equals(options.Admin)))
        {
            throw new UsageException($"Pulsar's clients and {(pulsar.Equals(options.Gateway) ? "the gateway" : "the control API")} would both be served on {pulsar}.", "Give one of them another port, or do without the former with --pulsar off.");
        }

        if (options.ClusterDatabase is null != (options.Name == NodeName.Single))
        {
            throw options.ClusterDatabase is null
                ? new UsageException($"The node is called '{options.Name}', but belongs to no cluster.", "Name the cluster's PostgreSQL with --cluster URL.")
                : new UsageException("The node belongs to a cluster, but has no name in it.", "Give it one with --node NAME.");
        }

        if (options.ClusterRabbitMq is not null && options.ClusterDatabase is null)
        {
            throw new UsageException("The node has a RabbitMQ, but belongs to no cluster: a node alone keeps the messages of its topics itself.", "Name the cluster's PostgreSQL with --cluster URL, or leave --rabbitmq out.");
        }

        if (options.ClusterName is null != (options.RemoteClusters.Count == 0))
        {
            throw options.ClusterName is null
                ? new UsageException("Topics can be replicated to other clusters only from one that has a name.", "Give it one with --cluster-name NAME.")
                : new UsageException($"The cluster is called '{options.ClusterName}' for other clusters, but knows none.", "Name them with --remote-cluster NAME=pulsar://HOST:PORT.");
        }

        return options.RemoteClusters.Any(remote => remote.Name == options.ClusterName)
            ? throw new UsageException($"A cluster is not replicated to itself: '{options.ClusterName}' is its own name.", "Name the other clusters only with --remote-cluster.")
            : options;
    }

    private static void AllowOnlyKnown(YamlMapping root)
    {
        var keys = NodeSettings.All.Select(setting => setting.Key.Split('.')).ToList();
        root.AllowOnly([.. keys.Select(key => key[0]).Append(TenantSettings.Key).Append(PriceSheetReader.Key).Distinct(StringComparer.Ordinal)]);
        foreach (var section in keys.Where(key => key.Length > 1).GroupBy(key => key[0], key => key[1], StringComparer.Ordinal))
        {
            root.Mapping(section.Key)?.AllowOnly([.. section]);
        }
    }

    private Found? Find(NodeSetting setting, string? file, YamlMapping? root)
    {
        if (option(setting.Option) is { } given)
        {
            return new Found(given, setting.Option, directory, Plain);
        }

        if (variable(setting.Variable) is { Length: > 0 } set)
        {
            return new Found(set, setting.Variable, directory, Plain);
        }

        var key = setting.Key.Split('.');
        var mapping = key.Length > 1 ? root?.Mapping(key[0]) : root;
        return mapping?.Text(key[^1]) is { } written
            ? new Found(written, setting.Key, Path.GetDirectoryName(file)!, (detail, fix) => mapping.WrongAt(key[^1], detail, fix))
            : null;

        static UsageException Plain(string detail, string fix) => new(detail, fix);
    }

    private (string? File, YamlMapping? Root) ReadFile()
    {
        var (named, source) = option(ConfigOption) is { } given ? (given, ConfigOption) : (variable(ConfigVariable), ConfigVariable);
        if (string.IsNullOrEmpty(named))
        {
            return (null, null);
        }

        var file = Path.GetFullPath(named, directory);
        if (!File.Exists(file))
        {
            throw new UsageException($"There is no configuration file '{file}', which {source} names.", "Mend the path, or leave it out to run with defaults.");
        }

        var root = YamlMapping.Parse(named, File.ReadAllText(file));
        AllowOnlyKnown(root);
        return (file, root);
    }

    private sealed record Found(string Text, string Source, string Folder, Func<string, string, UsageException> Failure);
}
