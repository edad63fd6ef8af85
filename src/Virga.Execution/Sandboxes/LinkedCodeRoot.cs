using System.Runtime.InteropServices;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// For a node that may not mount: a folder of the instance's own was bound into the sandbox at its start, and the
/// package's files are linked into it. Time grows with the number of files; across file systems they are copied.
/// </summary>
internal sealed class LinkedCodeRoot(string hostDirectory) : ICodeRoot
{
    public string Path => BubblewrapArguments.CodePath;

    public void Attach(string packageDirectory, int workerPid)
    {
        try
        {
            LinkAll(new DirectoryInfo(packageDirectory), hostDirectory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SandboxException($"The package {packageDirectory} could not be linked into the sandbox: {failure.Message}", failure);
        }
    }

    private static void LinkAll(DirectoryInfo from, string to)
    {
        foreach (FileSystemInfo entry in from.EnumerateFileSystemInfos())
        {
            string target = System.IO.Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } link)
            {
                File.CreateSymbolicLink(target, link);
            }
            else if (entry is DirectoryInfo directory)
            {
                ScratchDirectory.CreateReadable(target);
                LinkAll(directory, target);
            }
            else
            {
                LinkOrCopy(entry.FullName, target);
            }
        }
    }

    private static void LinkOrCopy(string file, string target)
    {
        if (Libc.Link(file, target) == 0)
        {
            return;
        }

        // EPERM: a file of another owner may not be linked where the kernel protects hard links.
        int error = Marshal.GetLastPInvokeError();
        if (error is not (Libc.CrossDevice or Libc.NotPermitted))
        {
            throw new SystemCallException($"link {file}", error);
        }

        File.Copy(file, target);
    }
}
