using Virga.Cli;
using Virga.Cli.Failures;
using Virga.Configuration;

var terminal = Terminal.OfProcess();
var up = UpCommand.Make(terminal, static (options, _) => throw new UsageException($"This build has no node to run on {options.Gateway}."));
return await CommandLine.RunAsync(args, up, terminal, CancellationToken.None);
