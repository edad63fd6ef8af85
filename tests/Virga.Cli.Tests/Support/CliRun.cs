namespace Virga.Cli.Tests.Support;

/// <summary>What one run of the command line left behind.</summary>
internal sealed record CliRun(int Code, string Out, string Error);
