using System.Net.Sockets;
using System.Text;
using Virga.Core.Resources;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>A sandbox host with its own data folder, and words to start things in it.</summary>
public sealed class SandboxFixture : IAsyncLifetime
{
    internal const string Python = "/usr/bin/python3";

    /// <summary>
    /// What a Python program begins with that reads its input in gVisor, which makes the channel non-blocking for one of the descriptors 0 and 1, by chance
    /// either: Python takes that for its end.
    /// </summary>
    internal const string WaitForInput = "import os; os.set_blocking(0, True)";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private int _instances;

    internal string DataFolder { get; } = Directory.CreateTempSubdirectory("virga-sandbox-tests-").FullName;

    internal string NodeId { get; } = $"test-{Guid.NewGuid():N}";

    internal SandboxHost Host { get; private set; } = null!;

    internal SandboxOptions Options => new() { NodeId = NodeId, ScratchRoot = Path.Combine(DataFolder, "scratch") };

    public async ValueTask InitializeAsync() =>
        Host = await SandboxHost.StartAsync(Options, TimeProvider.System, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Task.Run(Host.Dispose).WaitAsync(s_patience, CancellationToken.None);
        Directory.Delete(DataFolder, recursive: true);
    }

    internal SandboxSpec Spec(params string[] command)
    {
        string instance = $"i{Interlocked.Increment(ref _instances)}";
        return new SandboxSpec
        {
            InstanceId = instance,
            Isolation = Isolation.Bubblewrap,
            Command = command,
            ScratchDirectory = Path.Combine(DataFolder, "scratch", instance),
        };
    }

    internal SandboxSpec PythonSpec(string program) => Spec(Python, "-c", program);

    internal SandboxSpec ShellSpec(string script) => Spec("/bin/sh", "-c", script);

    /// <summary>All that a shell script in a sandbox prints, on both outputs.</summary>
    internal Task<string> PrintedByShellAsync(string script, Isolation isolation = Isolation.Bubblewrap)
    {
        SkipUnlessAvailable(isolation);
        return PrintedAsync(ShellSpec(script + " 2>&1") with { Isolation = isolation });
    }

    internal void SkipUnlessAvailable(Isolation isolation) =>
        Assert.SkipWhen(isolation == Isolation.Gvisor && Host.Capabilities.GvisorMissing is not null, Host.Capabilities.GvisorMissing ?? string.Empty);

    internal async Task<string> PrintedAsync(SandboxSpec spec)
    {
        await using SandboxProcess sandbox = Host.Launch(spec);
        return await ReadAllAsync(sandbox.Channel) + await ReadAllAsync(sandbox.ErrorOutput);
    }

    internal static async Task<string> ReadAllAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: false);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>One line of what the worker prints, and not a byte more.</summary>
    internal static async Task<string> ReadLineAsync(SandboxProcess sandbox)
    {
        var line = new StringBuilder();
        var next = new byte[1];
        while (await sandbox.Channel.ReceiveAsync(next, SocketFlags.None, TestContext.Current.CancellationToken) > 0 && next[0] != '\n')
        {
            line.Append((char)next[0]);
        }

        return line.ToString();
    }

    internal static ValueTask<int> SayAsync(SandboxProcess sandbox, string line) =>
        sandbox.Channel.SendAsync(Encoding.UTF8.GetBytes(line + "\n"), SocketFlags.None, TestContext.Current.CancellationToken);
}
