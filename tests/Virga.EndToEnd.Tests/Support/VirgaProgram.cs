using System.Diagnostics;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Runs the executable as a user does.</summary>
internal static class VirgaProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs a command to its end.</summary>
    public static async Task<CommandResult> RunAsync(string folder, Uri? admin, params string[] arguments)
    {
        using var process = Start(folder, admin, arguments);
        process.StandardInput.Close();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'virga {string.Join(' ', arguments)}' did not end within {Patience.TotalSeconds:0} s.", exception);
        }
    }

    /// <summary>Where commands that run in a folder put temporary files.</summary>
    public static string TemporaryFolderIn(string folder) => Path.Combine(folder, "tmp");

    /// <summary>Starts a command with its standard streams redirected. No setting of the user who runs the tests reaches it.</summary>
    public static Process Start(string folder, Uri? admin, params string[] arguments) => StartBy(folder, admin, [Installation.Executable, .. arguments]);

    /// <summary>Starts a command line that becomes the executable sooner or later, with its standard streams redirected.</summary>
    public static Process StartBy(string folder, Uri? admin, IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(key => key.StartsWith("VIRGA_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["NO_COLOR"] = "1";
        start.Environment["TMPDIR"] = Directory.CreateDirectory(TemporaryFolderIn(folder)).FullName;
        if (admin is not null)
        {
            start.Environment["VIRGA_ADMIN"] = admin.ToString();
        }

        return Process.Start(start)!;
    }
}
