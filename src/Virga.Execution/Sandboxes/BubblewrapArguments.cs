using System.Text;
using Virga.Core.Resources;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// The arguments of <c>bwrap</c>. They are passed in a file, not on the command line, because the worker can read the command line
/// of the sandbox's first process and with it the machine's paths.
/// </summary>
internal sealed class BubblewrapArguments
{
    /// <summary>Where a sandboxed worker finds its function's package.</summary>
    internal const string CodePath = "/code";

    private const string TemporaryPath = "/tmp";
    private const string SharedMemoryBytes = "16777216";
    private const string WorldWritable = "1777";

    // What programs read at run time; nothing that holds a secret or names the machine. Each costs 0.16 ms at the start.
    private static readonly string[] s_configuration =
    [
        "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
        "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/nsswitch.conf", "/etc/mime.types",
    ];

    private readonly List<string> _arguments = [];

    internal static byte[] Build(SandboxSpec spec, BubblewrapMode mode, SandboxIdentity identity, string? linkedCode)
    {
        var builder = new BubblewrapArguments();
        builder.AddNamespaces(spec, mode);
        builder.AddSystem();
        builder.AddConfiguration(spec, identity);

        // Before the mounts, which may lie below it.
        builder.AddWritable(spec);
        foreach (ReadOnlyMount mount in spec.Mounts)
        {
            builder.AddFoldersAbove(mount.SandboxPath);
            builder.Add("--ro-bind", mount.HostPath, mount.SandboxPath);
        }

        if (linkedCode is null)
        {
            builder.Add("--perms", "0755", "--dir", CodePath);
        }
        else
        {
            builder.Add("--ro-bind", linkedCode, CodePath);
        }

        builder.Add("--remount-ro", "/");
        builder.AddEnvironment(spec);
        builder.Add("--chdir", "/");
        return Encoding.UTF8.GetBytes(string.Join('\0', builder._arguments) + '\0');
    }

    /// <summary>Variables of the worker that programs which still have privileges must not see.</summary>
    internal static IEnumerable<string> LoaderVariables(SandboxSpec spec) =>
        spec.Environment.Where(variable => WorkerEnvironment.IsForLoader(variable.Key)).Select(variable => $"{variable.Key}={variable.Value}");

    private void AddNamespaces(SandboxSpec spec, BubblewrapMode mode)
    {
        Add("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--hostname", "virga", "--cap-drop", "ALL");
        if (spec.Egress == EgressPolicy.None)
        {
            Add("--unshare-net"); // Otherwise bwrap runs in the namespace that was made for the sandbox.
        }

        if (mode.UserNamespace)
        {
            string id = $"{SandboxIdentity.UserNamespaceId}";
            Add("--unshare-user", "--uid", id, "--gid", id);
        }
        else
        {
            // For setpriv alone, which becomes the unprivileged user and gives up these as well.
            Add("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP");
        }
    }

    private void AddSystem()
    {
        Add("--ro-bind", "/usr", "/usr");
        foreach (string name in new[] { "bin", "sbin", "lib", "lib32", "lib64" })
        {
            var directory = new DirectoryInfo("/" + name);
            if (directory.LinkTarget is { } target)
            {
                Add("--symlink", target, directory.FullName);
            }
            else if (directory.Exists)
            {
                Add("--ro-bind", directory.FullName, directory.FullName);
            }
        }

        Add("--proc", "/proc", "--dev", "/dev");
    }

    private void AddConfiguration(SandboxSpec spec, SandboxIdentity identity)
    {
        Add("--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl");
        foreach (string path in s_configuration)
        {
            Add("--ro-bind-try", path, path);
        }

        Add("--ro-bind", identity.PasswordFile, "/etc/passwd", "--ro-bind", identity.GroupFile, "/etc/group", "--ro-bind", identity.HostsFile, "/etc/hosts");
        if (spec.Egress != EgressPolicy.None)
        {
            Add("--ro-bind", identity.ResolverFile, "/etc/resolv.conf");
        }
    }

    private void AddWritable(SandboxSpec spec)
    {
        Add("--perms", WorldWritable, "--size", SharedMemoryBytes, "--tmpfs", "/dev/shm", "--remount-ro", "/dev");
        Add("--perms", WorldWritable, "--size", $"{spec.TmpBytes}", "--tmpfs", TemporaryPath);
    }

    private void AddEnvironment(SandboxSpec spec)
    {
        Add("--clearenv");
        foreach ((string name, string value) in WorkerEnvironment.For(spec, TemporaryPath))
        {
            if (!WorkerEnvironment.IsForLoader(name))
            {
                Add("--setenv", name, value);
            }
        }
    }

    /// <summary>bwrap would make missing folders above a file for root only.</summary>
    private void AddFoldersAbove(string path)
    {
        for (int slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            Add("--perms", "0755", "--dir", path[..slash]);
        }
    }

    private void Add(params ReadOnlySpan<string> arguments) => _arguments.AddRange(arguments);
}
