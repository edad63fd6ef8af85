using Virga.Cli;
using Virga.Configuration;
using Virga.Hosting;

var terminal = Terminal.OfProcess();
return await CommandLine.RunAsync(args, UpCommand.Make(terminal, (options, cancellation) => Node.RunAsync(options, terminal, cancellation)), terminal, CancellationToken.None);
