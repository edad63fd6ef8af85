using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// The root file systems of gVisor sandboxes: folders and configuration only, with the mounts' places in it. One folder for all
/// sandboxes with the same mounts and resolvers, because each mount of its own costs a sandbox some milliseconds. Configuration is as
/// it was when the node first needed the folder.
/// </summary>
internal sealed class GvisorRoots(string directory)
{
    // What programs read at run time; nothing that holds a secret or names the machine.
    private static readonly string[] s_configuration =
    [
        "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
        "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/nsswitch.conf", "/etc/mime.types",
    ];

    private static readonly string[] s_folders = ["code", "dev", "etc/ssl", "proc", "sys", "tmp", "usr"];
    private static readonly string[] s_systemFolders = ["bin", "sbin", "lib", "lib32", "lib64"];

    private readonly ConcurrentDictionary<string, Lazy<string>> _roots = new(StringComparer.Ordinal);

    /// <summary>Folders of the system that are not below /usr on this machine and so have to be mounted.</summary>
    internal static IReadOnlyList<string> SystemMounts { get; } =
        ["/usr", .. s_systemFolders.Select(name => new DirectoryInfo("/" + name)).Where(folder => folder.Exists && folder.LinkTarget is null).Select(folder => folder.FullName)];

    /// <summary>The folder for sandboxes with these mounts; made at the first call.</summary>
    /// <param name="resolvers">Their <c>/etc/resolv.conf</c>.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal string For(IReadOnlyList<ReadOnlyMount> mounts, string resolvers)
    {
        string places = string.Join('\n', mounts.Select(mount => $"{mount.SandboxPath} {Directory.Exists(mount.HostPath)}"));
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{places}\n{resolvers}")))[..16];
        Lazy<string> root = _roots.GetOrAdd(name, _ => new Lazy<string>(() => MakeWhole(Path.Combine(directory, name), mounts, resolvers)));
        try
        {
            return root.Value;
        }
        catch (Exception)
        {
            _roots.TryRemove(new KeyValuePair<string, Lazy<string>>(name, root));
            throw;
        }
    }

    // Under a name of its own until it is whole: what fails half-way is begun anew by the next sandbox.
    private static string MakeWhole(string root, IReadOnlyList<ReadOnlyMount> mounts, string resolvers)
    {
        string unfinished = $"{root}.{Guid.NewGuid():n}";
        try
        {
            ScratchDirectory.CreateReadable(Path.GetDirectoryName(root)!);
            Make(unfinished, mounts, resolvers);
            Directory.Move(unfinished, root);
            return root;
        }
        catch (Exception)
        {
            ScratchDirectory.Remove(unfinished);
            throw;
        }
    }

    private static void Make(string root, IReadOnlyList<ReadOnlyMount> mounts, string resolvers)
    {
        foreach (string folder in s_folders)
        {
            MakeFolders(root, folder);
        }

        foreach (string name in s_systemFolders)
        {
            var folder = new DirectoryInfo("/" + name);
            if (folder.LinkTarget is { } target)
            {
                File.CreateSymbolicLink(Path.Combine(root, name), target);
            }
            else if (folder.Exists)
            {
                MakeFolders(root, name);
            }
        }

        foreach (string path in s_configuration)
        {
            Copy(path, root + path);
        }

        SandboxIdentity.Write(Path.Combine(root, "etc"), SandboxIdentity.UserNamespaceId, resolvers);
        foreach (ReadOnlyMount mount in mounts)
        {
            MakePlace(root, mount);
        }
    }

    private static void MakePlace(string root, ReadOnlyMount mount)
    {
        string path = mount.SandboxPath.TrimStart('/');
        if (Directory.Exists(mount.HostPath))
        {
            MakeFolders(root, path);
            return;
        }

        string parent = Path.GetDirectoryName(path)!;
        MakeFolders(root, parent);
        ScratchDirectory.WriteReadable(Path.Combine(root, parent), Path.GetFileName(path), string.Empty);
    }

    private static void MakeFolders(string root, string path)
    {
        ScratchDirectory.CreateReadable(root);
        string folder = root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            folder = Path.Combine(folder, name);
            ScratchDirectory.CreateReadable(folder);
        }
    }

    private static void Copy(string from, string to)
    {
        if (new FileInfo(from).LinkTarget is { } link)
        {
            File.CreateSymbolicLink(to, link);
        }
        else if (Directory.Exists(from))
        {
            ScratchDirectory.CreateReadable(to);
            foreach (string entry in Directory.EnumerateFileSystemEntries(from))
            {
                Copy(entry, Path.Combine(to, Path.GetFileName(entry)));
            }
        }
        else if (File.Exists(from))
        {
            File.Copy(from, to);
        }
    }
}
