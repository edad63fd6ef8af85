using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// Starts workers with bubblewrap: own namespaces, a read-only root with only what the runtime needs, an unprivileged user, no
/// capabilities, no new privileges and a seccomp filter.
/// </summary>
internal sealed class BubblewrapLauncher(SandboxStarter starter, PackageMounter mounter, UserIdRange users, BubblewrapMode mode) : ISandboxLauncher
{
    // bwrap outside, its first process inside, the worker.
    private const int Wrappers = 2;
    private const string SeccompDescriptor = "3";
    private const string ArgumentsDescriptor = "4";

    private static readonly Dictionary<string, string> s_bwrapEnvironment = new(StringComparer.Ordinal) { ["PATH"] = "/usr/bin:/bin", ["LANG"] = "C.UTF-8" };

    internal BubblewrapMode Mode { get; } = mode;

    public SandboxProcess Launch(SandboxSpec spec)
    {
        string bwrap = SystemProgram.Find("bwrap") ?? throw new SandboxException("The program bwrap does not exist; install bubblewrap, or use the isolation 'process' for trusted code.");
        string? setpriv = Mode.UserNamespace ? null : SystemProgram.Find("setpriv") ?? throw new SandboxException("The program setpriv does not exist; install util-linux.");
        string program = spec.ToHost(spec.Command[0]);
        if (!File.Exists(program))
        {
            throw new SandboxException($"The program {program} does not exist; install it, or name another in the environment.");
        }

        uint user = Mode.UserNamespace ? SandboxIdentity.UserNamespaceId : users.Rent();
        void Release()
        {
            ScratchDirectory.Remove(spec.ScratchDirectory);
            if (!Mode.UserNamespace)
            {
                users.Return(user);
            }
        }

        try
        {
            return Start(spec, bwrap, setpriv, user, Release);
        }
        catch (Exception failure) when (failure is SandboxException or IOException)
        {
            Release();
            throw failure as SandboxException ?? new SandboxException($"The sandbox of instance {spec.InstanceId} could not be prepared: {failure.Message}", failure);
        }
    }

    private SandboxProcess Start(SandboxSpec spec, string bwrap, string? setpriv, uint user, Action release)
    {
        ScratchDirectory.Create(spec.ScratchDirectory);
        string? linkedCode = Mode.MountsPackages ? null : Path.Combine(spec.ScratchDirectory, "code");
        if (linkedCode is not null)
        {
            ScratchDirectory.CreateReadable(linkedCode);
        }

        SandboxIdentity identity = SandboxIdentity.Write(spec.ScratchDirectory, user, starter.ResolverConfiguration);
        return starter.Start(
            spec,
            [bwrap, "--seccomp", SeccompDescriptor, "--args", ArgumentsDescriptor, "--", .. DropPrivileges(setpriv, user), .. WithLoaderVariables(spec)],
            s_bwrapEnvironment,
            linkedCode is null ? new MountedCodeRoot(mounter) : new LinkedCodeRoot(linkedCode),
            new NestedWorker(Wrappers),
            release,
            Descriptor.Memory("virga-seccomp", SeccompFilter.Program),
            Descriptor.Memory("virga-bwrap", BubblewrapArguments.Build(spec, Mode, identity, linkedCode)));
    }

    private static string[] DropPrivileges(string? setpriv, uint user) =>
        setpriv is null
            ? []
            : [setpriv, "--reuid", $"{user}", "--regid", $"{user}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"];

    private static string[] WithLoaderVariables(SandboxSpec spec)
    {
        string[] variables = [.. BubblewrapArguments.LoaderVariables(spec)];
        return variables.Length == 0 ? [.. spec.Command] : ["/usr/bin/env", .. variables, .. spec.Command];
    }
}
