using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Virga.Core.Resources;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>Starts workers in gVisor: a kernel of their own in user space, whose whole state can be written to disk and continued from there.</summary>
internal sealed class GvisorLauncher : ISandboxLauncher, IDisposable
{
    /// <summary>What gVisor's own processes may use beyond the worker's limit.</summary>
    internal const long OverheadBytes = 48L << 20;

    /// <summary>Threads of gVisor's own processes beyond the worker's limit.</summary>
    internal const int OverheadThreads = 128;

    private const int MaxErrorBytes = 2048;
    private const string Folder = "gvisor";
    private static readonly Dictionary<string, string> s_environment = new(StringComparer.Ordinal) { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LANG"] = "C.UTF-8" };

    private readonly SandboxStarter _starter;
    private readonly PackageMounter _mounter;
    private readonly string _program;
    private readonly string _folder;
    private readonly GvisorRoots _roots;
    private readonly Lock _gate = new();
    private GvisorAnnouncements? _announcements;

    /// <param name="program">The path of <c>runsc</c>.</param>
    /// <param name="scratchRoot">The folder of all instances' scratch folders.</param>
    internal GvisorLauncher(SandboxStarter starter, PackageMounter mounter, string program, string scratchRoot)
    {
        _starter = starter;
        _mounter = mounter;
        _program = program;
        var file = new FileInfo(program);
        Fingerprint = string.Create(CultureInfo.InvariantCulture, $"{file.Length}-{file.LastWriteTimeUtc.Ticks}");
        _folder = Path.Combine(scratchRoot, Folder);
        _roots = new GvisorRoots(Path.Combine(_folder, "roots"));
    }

    /// <summary>Names the installed program: an image is of use to the same one only.</summary>
    internal string Fingerprint { get; }

    /// <inheritdoc/>
    public SandboxProcess Launch(SandboxSpec spec) => Start(spec, announcements: null, files => ["run", "--bundle", files.Bundle, GvisorFiles.Container]);

    /// <summary>Makes a sandbox in which a snapshot can continue, and waits until it is ready for that.</summary>
    /// <exception cref="SandboxException">It cannot be made.</exception>
    internal async Task<PreparedSandbox> PrepareAsync(SandboxSpec spec, CancellationToken cancellation)
    {
        var files = new GvisorFiles(spec.ScratchDirectory);
        GvisorAnnouncements announcements = Announcements();
        Task announced = announcements.Expect(spec.InstanceId);
        SandboxProcess? process = null;
        FileStream? gate = null;
        try
        {
            process = Start(spec, announcements.Path, f => ["restore", "--bundle", f.Bundle, "--image-path", f.Image, GvisorFiles.Container]);
            gate = GvisorAnnouncements.OpenPipe(files.Gate);
            if (await Task.WhenAny(announced, process.Exited).WaitAsync(cancellation) != announced)
            {
                throw new SandboxException($"The sandbox of instance {spec.InstanceId} could not be prepared: {await ReadErrorAsync(process, cancellation)}");
            }

            return new PreparedSandbox(process, files, gate);
        }
        catch (Exception failure)
        {
            gate?.Dispose();
            if (process is not null)
            {
                await process.DisposeAsync();
            }

            throw failure is IOException ? new SandboxException($"The sandbox of instance {spec.InstanceId} could not be prepared: {failure.Message}", failure) : failure;
        }
        finally
        {
            announcements.Forget(spec.InstanceId);
        }
    }

    // Made with the first one; what went wrong is tried again with the next.
    private GvisorAnnouncements Announcements()
    {
        lock (_gate)
        {
            try
            {
                ScratchDirectory.Create(_folder);
                return _announcements ??= new GvisorAnnouncements(Path.Combine(_folder, "announcements"));
            }
            catch (IOException failure)
            {
                throw new SandboxException($"Sandboxes for snapshots cannot be prepared: {failure.Message}", failure);
            }
        }
    }

    /// <summary>Writes the state of a sandbox into an empty folder; the sandbox ends by it.</summary>
    /// <exception cref="SandboxException">It could not be written: the sandbox has ended, or the disk is full.</exception>
    internal async Task CheckpointAsync(SandboxProcess process, string imageDirectory, CancellationToken cancellation)
    {
        var files = new GvisorFiles(process.Spec.ScratchDirectory);

        // Uncompressed, an image is restored 40 ms sooner; what it holds too many of are pages of zeroes.
        (ProcessExit exit, string output) = await _starter.RunAsync(
            [.. Command(process.Spec, files), "checkpoint", "--compression=none", "--exclude-committed-zero-pages", "--image-path", imageDirectory, GvisorFiles.Container],
            s_environment,
            cancellation);
        if (!exit.IsSuccess)
        {
            throw new SandboxException($"The snapshot of instance {process.Spec.InstanceId} failed ({exit}): {output}");
        }
    }

    public void Dispose()
    {
        _announcements?.Dispose();

        ScratchDirectory.Remove(_folder);
    }

    private SandboxProcess Start(SandboxSpec spec, string? announcements, Func<GvisorFiles, string[]> action)
    {
        string setpriv = SystemProgram.Find("setpriv") ?? throw new SandboxException("The program setpriv does not exist; install util-linux.");
        string program = spec.ToHost(spec.Command[0]);
        if (!File.Exists(program))
        {
            throw new SandboxException($"The program {program} does not exist; install it, or name another in the environment.");
        }

        var files = new GvisorFiles(spec.ScratchDirectory);
        files.CheckLength();
        try
        {
            ScratchDirectory.Create(spec.ScratchDirectory);
            if (announcements is not null)
            {
                GvisorAnnouncements.MakePipe(files.Gate);
            }

            GvisorBundle.Write(spec, files, _roots.For(spec.Mounts, spec.Egress == EgressPolicy.None ? string.Empty : _starter.ResolverConfiguration), announcements);
            return _starter.Start(
                spec,
                [setpriv, "--pdeathsig", "KILL", "--", .. Command(spec, files), .. action(files)],
                s_environment,
                new GvisorCodeRoot(_mounter, files),
                new GvisorWorker(files),
                release: () => ScratchDirectory.Remove(spec.ScratchDirectory));
        }
        catch (Exception failure) when (failure is SandboxException or IOException)
        {
            ScratchDirectory.Remove(spec.ScratchDirectory);
            throw failure as SandboxException ?? new SandboxException($"The sandbox of instance {spec.InstanceId} could not be prepared: {failure.Message}", failure);
        }
    }

    // The root is read-only already. Files of mounts are looked up on the machine each time, because the machine may be updated;
    // those of the root (the package) never change. "host" is the network namespace that runsc is started in, which is the
    // instance's own: gVisor's own network stack would read the interface itself, past the routes that bar the machine.
    private string[] Command(SandboxSpec spec, GvisorFiles files) =>
        [_program, "--root", files.State, "--ignore-cgroups", spec.Egress == EgressPolicy.None ? "--network=none" : "--network=host", "--platform=systrap", "--overlay2=none", "--host-uds=none"];

    private static async Task<string> ReadErrorAsync(SandboxProcess process, CancellationToken cancellation)
    {
        var error = new byte[MaxErrorBytes];
        int length = await process.ErrorOutput.ReceiveAsync(error, SocketFlags.None, cancellation);
        return Encoding.UTF8.GetString(error, 0, length).Trim();
    }
}
