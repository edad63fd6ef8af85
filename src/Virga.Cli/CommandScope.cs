using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Output;

namespace Virga.Cli;

/// <summary>What one run of a command works with: its parsed options, the terminal, the node and the way to print.</summary>
internal sealed class CommandScope : IDisposable
{
    private readonly GlobalOptions _globals;
    private ControlClient? _client;

    public CommandScope(ParseResult parsed, GlobalOptions globals, Terminal terminal, CancellationToken cancellation)
    {
        Parsed = parsed;
        Terminal = terminal;
        Cancellation = cancellation;
        _globals = globals;
        Quiet = parsed.GetValue(globals.Quiet);
        Results = new ResultWriter(terminal, parsed.GetValue(globals.Output));
    }

    public ParseResult Parsed { get; }

    public Terminal Terminal { get; }

    public CancellationToken Cancellation { get; }

    public ResultWriter Results { get; }

    public bool Quiet { get; }

    /// <summary>The node; made when first needed, since some commands need none.</summary>
    public ControlClient Client => _client ??= new ControlClient(Parsed.GetRequiredValue(_globals.Admin), Parsed.GetValue(_globals.Tenant), Parsed.GetValue(_globals.Namespace));

    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T Get<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);

    /// <summary>Whether the user gave the option, rather than its default.</summary>
    public bool Has(Option option) => Parsed.GetResult(option) is { Implicit: false };

    /// <summary>Tells a person what happens; not a result, so it goes to standard error.</summary>
    public void Note(string text)
    {
        if (!Quiet)
        {
            Terminal.Error.WriteLine(text);
        }
    }

    /// <summary>Where functions are served: as the user says, else as the node says.</summary>
    public async Task<Uri> GetGatewayAsync() =>
        Parsed.GetValue(_globals.Gateway) ?? (await Client.GetNodeAsync(Cancellation)).Gateway;

    public void Dispose() => _client?.Dispose();
}
