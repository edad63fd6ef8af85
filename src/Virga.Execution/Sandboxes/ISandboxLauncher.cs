namespace Virga.Execution.Sandboxes;

/// <summary>Starts workers in one kind of isolation.</summary>
internal interface ISandboxLauncher
{
    /// <summary>Starts the worker; returns as soon as the process exists, before it has run.</summary>
    /// <exception cref="SandboxException">It cannot be started; the message says what to install or change.</exception>
    SandboxProcess Launch(SandboxSpec spec);
}
