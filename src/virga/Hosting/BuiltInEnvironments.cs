using Virga.Core.Resources;

namespace Virga.Hosting;

/// <summary>The environments that come with Virga. Each names its interpreter; what is not on this machine is not offered.</summary>
internal static class BuiltInEnvironments
{
    private const string Inside = "/runtime";
    private const int RandomInstructionBit = 1 << 30;
    private const string Python = "/usr/bin/python3";

    /// <summary>The environments that can run here, by name.</summary>
    /// <param name="poolSize">Generic instances that each keeps ready.</param>
    public static IReadOnlyDictionary<string, EnvironmentSpec> Find(int poolSize)
    {
        var environments = new Dictionary<string, EnvironmentSpec>(StringComparer.Ordinal);
        var runtimes = Installation.Runtimes;
        var node = Installation.FindProgram("node");
        string[] nodeSnapshotArguments = HasRandomInstruction() ? [$"--openssl-config={Inside}/node/openssl-snapshot.cnf"] : [];
        if (node is not null && Directory.Exists(Path.Combine(runtimes, "node")))
        {
            environments["node"] = new EnvironmentSpec
            {
                Command = [node, $"{Inside}/node/worker.mjs"],
                SnapshotArguments = nodeSnapshotArguments,
                Mounts = Mount(Path.Combine(runtimes, "node"), $"{Inside}/node"),
                Build = PackageBuild.TypeScript,
                PoolSize = poolSize,
            };
        }

        if (node is not null && Directory.Exists(Path.Combine(runtimes, "exec")))
        {
            // The worker shares its channel with the node runtime beside it.
            var mounts = new Dictionary<string, string>(Mount(Path.Combine(runtimes, "exec"), $"{Inside}/exec"), StringComparer.Ordinal)
            {
                [Path.Combine(runtimes, "node")] = $"{Inside}/node",
            };
            environments["exec"] = new EnvironmentSpec { Command = [node, $"{Inside}/exec/worker.mjs"], SnapshotArguments = nodeSnapshotArguments, Mounts = mounts, PoolSize = poolSize };
        }

        if (File.Exists(Python) && Directory.Exists(Path.Combine(runtimes, "python")))
        {
            // Isolated from the machine's site packages and from the user's settings; bytecode is made when Virga is built.
            environments["python"] = new EnvironmentSpec
            {
                Command = [Python, "-I", "-S", "-B", "-X", "utf8", $"{Inside}/worker.py"],
                Mounts = Mount(Path.Combine(runtimes, "python"), Inside),
                PoolSize = poolSize,
            };
        }

        if (Directory.Exists(Path.Combine(runtimes, "dotnet", "worker")))
        {
            environments["dotnet"] = new EnvironmentSpec
            {
                Command = [$"{Inside}/virga-worker"],
                Mounts = new Dictionary<string, string>(Mount(Path.Combine(runtimes, "dotnet", "worker"), Inside), StringComparer.Ordinal)
                {
                    [Installation.DotnetRoot] = Installation.DotnetRoot,
                },
                Variables = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["DOTNET_ROOT"] = Installation.DotnetRoot,

                    // No debugger reaches into a sandbox, and outside of one an ended worker would leave its diagnostic sockets behind.
                    ["DOTNET_EnableDiagnostics"] = "0",
                },
                Build = PackageBuild.CSharp,
                PoolSize = poolSize,
            };
        }

        return environments;
    }

    // Without it node's worker says by itself that it cannot be cloned.
    private static bool HasRandomInstruction() => System.Runtime.Intrinsics.X86.X86Base.IsSupported && (System.Runtime.Intrinsics.X86.X86Base.CpuId(1, 0).Ecx & RandomInstructionBit) != 0;

    private static Dictionary<string, string> Mount(string host, string inside) => new(StringComparer.Ordinal) { [host] = inside };
}
