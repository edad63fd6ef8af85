using System.CommandLine;
using System.CommandLine.Parsing;
using Virga.Cli.Output;
using Virga.Core.Names;

namespace Virga.Cli;

/// <summary>The options that every client command takes, with the environment variables behind them.</summary>
internal sealed class GlobalOptions
{
    public const string DefaultAdmin = "http://127.0.0.1:8090";

    public GlobalOptions(Terminal terminal)
    {
        Admin = new Option<Uri>("--admin")
        {
            Description = "Where the node's control API is [VIRGA_ADMIN]",
            HelpName = "URL",
            CustomParser = result => Read(result.Tokens[0].Value, "--admin", result),
            DefaultValueFactory = result => Read(Set(terminal, "VIRGA_ADMIN") ?? DefaultAdmin, "VIRGA_ADMIN", result)!,
            Recursive = true,
        };
        Gateway = new Option<Uri?>("--gateway")
        {
            Description = "Where the node serves functions, for printed URLs [VIRGA_GATEWAY; the node says]",
            HelpName = "URL",
            CustomParser = result => Read(result.Tokens[0].Value, "--gateway", result),
            DefaultValueFactory = result => Set(terminal, "VIRGA_GATEWAY") is { } text ? Read(text, "VIRGA_GATEWAY", result) : null,
            Recursive = true,
        };
        Tenant = Name("--tenant", "VIRGA_TENANT", terminal);
        Namespace = Name("--namespace", "VIRGA_NAMESPACE", terminal);
        Output = new Option<OutputFormat>("--output", "-o")
        {
            Description = "How results are printed: table, json or yaml; usage also as csv",
            HelpName = "table|json|yaml",
            Recursive = true,
            CustomParser = result =>
            {
                if (Enum.TryParse<OutputFormat>(result.Tokens[0].Value, ignoreCase: true, out var format) && Enum.IsDefined(format))
                {
                    return format;
                }

                result.AddError($"'{result.Tokens[0].Value}' is no output format; --output takes table, json or yaml.");
                return default;
            },
        };
        Output.CompletionSources.Add("table", "json", "yaml");
        Quiet = new Option<bool>("--quiet", "-q") { Description = "Print results and errors only", Recursive = true };
    }

    public Option<Uri> Admin { get; }

    public Option<Uri?> Gateway { get; }

    public Option<ResourceName> Tenant { get; }

    public Option<ResourceName> Namespace { get; }

    public Option<OutputFormat> Output { get; }

    public Option<bool> Quiet { get; }

    public IEnumerable<Option> All => [Admin, Gateway, Tenant, Namespace, Output, Quiet];

    private static string? Set(Terminal terminal, string variable) => terminal.Variable(variable) is { Length: > 0 } value ? value : null;

    // The same variables tell `virga up` where to listen, as HOST:PORT; a client takes both forms.
    private static Uri? Read(string text, string source, ArgumentResult result)
    {
        var url = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0)
        {
            // An address to listen on everywhere is reached on the loopback.
            return uri.Host is "0.0.0.0" or "[::]" or "*" ? new UriBuilder(uri) { Host = "127.0.0.1" }.Uri : uri;
        }

        result.AddError($"'{text}' in {source} is no address; write it as http://127.0.0.1:8090 or 127.0.0.1:8090.");
        return null;
    }

    private static Option<ResourceName> Name(string option, string variable, Terminal terminal)
    {
        ResourceName Parse(string text, string source, ArgumentResult result)
        {
            if (!ResourceName.TryParse(text, out var name))
            {
                result.AddError($"'{ResourceName.Shorten(text)}' in {source} is no valid name; use {ResourceName.Rule}.");
            }

            return name;
        }

        return new Option<ResourceName>(option)
        {
            Description = $"Whose resources: the {option[2..]} [{variable}]",
            HelpName = "NAME",
            Recursive = true,
            CustomParser = result => Parse(result.Tokens[0].Value, option, result),
            DefaultValueFactory = result => Set(terminal, variable) is { } text ? Parse(text, variable, result) : ResourceName.Default,
        };
    }
}
