using System.CommandLine;
using Virga.Cli.Client;
using Virga.Cli.Failures;
using Virga.Cli.Functions;
using Virga.Cli.Output;
using Virga.Cli.Packaging;
using Virga.Core.Names;

namespace Virga.Cli.Dev;

/// <summary><c>virga dev PATH</c>: serves one function, deploys it again on every save and shows its errors and its log.</summary>
internal static class DevCommand
{
    public static Command Make(CommandFactory factory)
    {
        var path = new Argument<string>("PATH") { Description = "A source file or a folder" };
        var name = CommandFactory.NameOption("--name", "What the function is called [the path's name and -dev]");
        var keep = new Option<bool>("--keep") { Description = "Leave the function deployed at the end" };
        var options = new FunctionOptions();
        return factory.Make("dev", "Serve one function, and deploy it again on every save", [path, name, keep, .. options.All], async scope =>
        {
            var source = scope.Terminal.Resolve(scope.Get(path));
            var settings = options.Read(scope);
            var function = scope.Get(name) ?? NameOf(source);
            var current = await scope.Client.FindAsync(ResourceKind.Function, function, scope.Cancellation);
            if (current is not null && !scope.Get(keep))
            {
                throw new UsageException($"There is a function '{function}' already; `dev` would delete it at its end.", "Give another --name, or --keep to leave it deployed.");
            }

            var environment = EnvironmentChoice.Of(source, settings, current);
            var gateway = await scope.GetGatewayAsync();
            scope.Note($"Serving {function} at {DeployCommand.FunctionUrl(gateway, scope.Client, function.Value)}; Ctrl-C stops.");
            try
            {
                await ServeAsync(scope, source, environment, function, settings);
            }
            finally
            {
                if (!scope.Get(keep))
                {
                    await RemoveAsync(scope, function);
                }
            }

            return ExitCode.Ok;
        });
    }

    /// <summary>A name made from a path, so that it clashes with no function that is really deployed.</summary>
    internal static ResourceName NameOf(string path)
    {
        var stem = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path)).ToLowerInvariant();
        var letters = string.Concat(stem.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return ResourceName.TryParse($"{letters}-dev", out var name)
            ? name
            : throw new UsageException($"No function's name can be made from '{Path.GetFileName(path)}'.", "Give one with --name.");
    }

    private static async Task ServeAsync(CommandScope scope, string source, string environment, ResourceName function, FunctionSettings settings)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(scope.Cancellation);
        using var watcher = new SourceWatcher(source, scope.Terminal.Time);
        Task? logs = null;
        try
        {
            while (true)
            {
                var deployed = await DeployAsync(scope, source, environment, function, settings);
                if (deployed && logs is null)
                {
                    logs = FollowLogsAsync(scope, function, stop.Token);
                }

                var changed = watcher.WaitAsync(stop.Token);
                if (logs is not null && await Task.WhenAny(changed, logs) == logs)
                {
                    // The log ends only with the node or with a failure: either ends the command.
                    await logs;
                    throw new UsageException("The node ended the function's log.", "See whether it still runs, then start again.");
                }

                await changed;
            }
        }
        catch (OperationCanceledException) when (scope.Cancellation.IsCancellationRequested)
        {
            scope.Note("Stopped.");
        }
        finally
        {
            await stop.CancelAsync();
            if (logs is not null)
            {
                await logs.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task<bool> DeployAsync(CommandScope scope, string source, string environment, ResourceName function, FunctionSettings settings)
    {
        var started = scope.Terminal.Time.GetTimestamp();
        try
        {
            var resource = await new Deployment(scope.Client, function).RunAsync(PackageArchive.Pack(source), environment, settings, scope.Cancellation);
            var took = scope.Terminal.Time.GetElapsedTime(started);
            scope.Note($"Deployed version {JsonPath.Text(resource, "status.liveVersion")} in {took.TotalMilliseconds:0} ms.");
            return true;
        }
        catch (Exception failure) when (failure is ControlException or UsageException or IOException && FailureReport.Of(failure) is { } report)
        {
            // The mistake is in the source; the next save may mend it.
            foreach (var line in report.Lines)
            {
                await scope.Terminal.Error.WriteLineAsync(line);
            }

            return false;
        }
    }

    private static async Task FollowLogsAsync(CommandScope scope, ResourceName function, CancellationToken cancellation)
    {
        await foreach (var line in scope.Client.ReadLogsAsync(function, "?follow=true&limit=1&since=0s", cancellation))
        {
            LogsCommand.Print(scope, line);
        }
    }

    private static async Task RemoveAsync(CommandScope scope, ResourceName function)
    {
        // Ctrl-C has cancelled the command, but what it put on the node must still go.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), scope.Terminal.Time);
        try
        {
            await scope.Client.DeleteAsync(ResourceKind.Function, function, cascade: true, limit.Token);
        }
        catch (Exception failure) when (failure is ControlException { Problem.Status: 404 } or NodeUnreachableException)
        {
            scope.Note($"The function {function} was not there any more.");
        }
    }
}
