using System.CommandLine;
using System.CommandLine.Parsing;
using Virga.Cli.Failures;
using Virga.Cli.Functions;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Cli;

/// <summary>Makes commands, and the options and arguments that several of them have in common.</summary>
internal sealed class CommandFactory(GlobalOptions globals, Terminal terminal)
{
    public Terminal Terminal => terminal;

    /// <summary>A command that runs <paramref name="run"/>; its symbols are options and arguments. Few have a result that can be CSV.</summary>
    public Command Make(string name, string description, IEnumerable<Symbol> symbols, Func<CommandScope, Task<int>> run, bool hasCsv = false)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Option option:
                    command.Add(option);
                    break;
                case Argument argument:
                    command.Add(argument);
                    break;
            }
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            using var scope = new CommandScope(parsed, globals, terminal, cancellation);
            if (scope.Results.IsCsv && !hasCsv)
            {
                throw new UsageException($"`{name}` prints no CSV.", "Use --output table, json or yaml.");
            }

            return await run(scope);
        });
        return command;
    }

    /// <summary>A command that only groups others.</summary>
    public static Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        return group;
    }

    /// <summary>An argument that is a resource's name.</summary>
    public static Argument<ResourceName> NameArgument(string description) => new("NAME")
    {
        Description = description,
        CustomParser = result => ParseName(result.Tokens[0].Value, "", result),
    };

    /// <summary>An argument that is a resource's name and may be left out.</summary>
    public static Argument<ResourceName?> OptionalNameArgument(string description) => new("NAME")
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result => result.Tokens.Count == 0 ? null : ParseName(result.Tokens[0].Value, "", result),
    };

    /// <summary>An option that is a resource's name.</summary>
    public static Option<ResourceName?> NameOption(string option, string description) => new(option)
    {
        Description = description,
        HelpName = "NAME",
        CustomParser = result => ParseName(result.Tokens[0].Value, $" in {option}", result),
    };

    /// <summary>An option that is a duration such as <c>30s</c>.</summary>
    public static Option<Duration?> DurationOption(string option, string description) => new(option)
    {
        Description = description,
        HelpName = "30s",
        CustomParser = result => Duration.TryParse(result.Tokens[0].Value, out var value)
            ? value
            : Refuse<Duration?>(result, $"'{result.Tokens[0].Value}' in {option} is no duration; write it as 250ms, 30s, 2m, 1h or 7d."),
    };

    /// <summary>An option that is a size such as <c>128MB</c>.</summary>
    public static Option<ByteSize?> SizeOption(string option, string description) => new(option)
    {
        Description = description,
        HelpName = "128MB",
        CustomParser = result => ByteSize.TryParse(result.Tokens[0].Value, out var value)
            ? value
            : Refuse<ByteSize?>(result, $"'{result.Tokens[0].Value}' in {option} is no size; write it as 128MB, 1GB or a number of bytes."),
    };

    /// <summary>An option that is a whole number from <paramref name="least"/> on.</summary>
    public static Option<int?> CountOption(string option, string description, int least) => new(option)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => int.TryParse(result.Tokens[0].Value, out var value) && value >= least
            ? value
            : Refuse<int?>(result, $"'{result.Tokens[0].Value}' in {option} is no whole number from {least} on."),
    };

    /// <summary>An argument that is a whole number.</summary>
    public static Argument<int> CountArgument(string name, string description, int least) => new(name)
    {
        Description = description,
        CustomParser = result => int.TryParse(result.Tokens[0].Value, out var value) && value >= least
            ? value
            : Refuse<int>(result, $"'{result.Tokens[0].Value}' as {name} is no whole number from {least} on."),
    };

    /// <summary>An option that is a share above 0 and at most 1.</summary>
    public static Option<double?> ShareOption(string option, string description) => new(option)
    {
        Description = description,
        HelpName = "0.7",
        CustomParser = result => SettingTexts.Share(result.Tokens[0].Value) is { } share
            ? share
            : Refuse<double?>(result, $"'{result.Tokens[0].Value}' in {option} is no share above 0 and at most 1."),
    };

    /// <summary>An option that <paramref name="parse"/> reads, which gives null for what it cannot read.</summary>
    public static Option<T?> ParsedOption<T>(string option, string description, string placeholder, string expected, Func<string, T?> parse)
        where T : class => new(option)
        {
            Description = description,
            HelpName = placeholder,
            CustomParser = result => parse(result.Tokens[0].Value) ?? Refuse<T>(result, $"'{result.Tokens[0].Value}' in {option} cannot be read; write it as {expected}."),
        };

    /// <summary>An option that may be given again and again, each time with <c>KEY=VALUE</c>.</summary>
    public static Option<Dictionary<string, string>> PairsOption(string option, string description) => new(option)
    {
        Description = description,
        HelpName = "KEY=VALUE",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var token in result.Tokens)
            {
                var equals = token.Value.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0)
                {
                    return Refuse<Dictionary<string, string>>(result, $"'{token.Value}' in {option} is no KEY=VALUE.")!;
                }

                pairs[token.Value[..equals]] = token.Value[(equals + 1)..];
            }

            return pairs;
        },
    };

    /// <summary>An option that takes one of a few words.</summary>
    public static Option<string?> ChoiceOption(string option, string description, params string[] choices)
    {
        var made = new Option<string?>(option)
        {
            Description = description,
            HelpName = string.Join('|', choices),
            CustomParser = result => choices.Contains(result.Tokens[0].Value, StringComparer.Ordinal)
                ? result.Tokens[0].Value
                : Refuse<string?>(result, $"'{result.Tokens[0].Value}' is none of the values of {option}: {string.Join(", ", choices)}."),
        };
        made.CompletionSources.Add(choices);
        return made;
    }

    private static ResourceName ParseName(string text, string where, ArgumentResult result) =>
        ResourceName.TryParse(text, out var name)
            ? name
            : Refuse<ResourceName>(result, $"'{ResourceName.Shorten(text)}'{where} is no valid name; use {ResourceName.Rule}.");

    private static T? Refuse<T>(ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
