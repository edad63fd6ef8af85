namespace Virga.Cli;

/// <summary>What the executable's exit codes mean; the same for every command, and documented in <c>docs/cli.md</c>.</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The node refused the request: it was wrong, or something stands in its way.</summary>
    public const int Refused = 1;

    /// <summary>The command line, a file it names or the configuration is wrong; nothing was asked of a node.</summary>
    public const int Usage = 2;

    /// <summary>No node answered at the admin address.</summary>
    public const int Unreachable = 3;

    /// <summary>The function failed, or met one of its limits.</summary>
    public const int FunctionFailed = 4;

    /// <summary>The node, or the machine under it, failed.</summary>
    public const int PlatformFailed = 5;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;
}
