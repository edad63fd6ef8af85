namespace Virga.Execution.Sandboxes;

/// <summary>
/// Starts workers as processes of the node's own user, without new privileges and with the limits of their group. They
/// see the machine's files and network: for trusted code only.
/// </summary>
internal sealed class ProcessLauncher(SandboxStarter starter) : ISandboxLauncher
{
    public SandboxProcess Launch(SandboxSpec spec)
    {
        string[] command = [.. spec.Command.Select(spec.ToHost)];
        if (!File.Exists(command[0]))
        {
            throw new SandboxException($"The program {command[0]} does not exist; install it, or name another in the environment.");
        }

        string setpriv = SystemProgram.Find("setpriv") ?? throw new SandboxException("The program setpriv does not exist; install util-linux.");
        string temporary = Path.Combine(spec.ScratchDirectory, "tmp");
        try
        {
            ScratchDirectory.Create(spec.ScratchDirectory);
            ScratchDirectory.Create(temporary);
            return starter.Start(
                spec,
                [setpriv, "--no-new-privs", "--pdeathsig", "KILL", "--", .. command],
                WorkerEnvironment.For(spec, temporary),
                new HostCodeRoot(),
                new NestedWorker(wrappers: 0),
                release: () => ScratchDirectory.Remove(spec.ScratchDirectory));
        }
        catch (Exception failure) when (failure is SandboxException or IOException)
        {
            ScratchDirectory.Remove(spec.ScratchDirectory);
            throw failure as SandboxException ?? new SandboxException($"The scratch folder {spec.ScratchDirectory} cannot be made: {failure.Message}", failure);
        }
    }
}
