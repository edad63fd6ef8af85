using System.Text.Json;
using Virga.Core.Resources;

namespace Virga.Execution.Sandboxes;

/// <summary>The configuration of a gVisor sandbox, in the OCI runtime specification's format; the same view as bubblewrap's.</summary>
internal static class GvisorBundle
{
    private const string TemporaryPath = "/tmp";
    private const long SharedMemoryBytes = 16 << 20;
    private const int OpenFiles = 4096;
    private const string Configuration = "config.json";

    // The gate is opened before the announcement: a line that is written after it cannot be lost. When the node ends, reading fails.
    private const string AnnounceAndWait = """exec 3< "$2" && echo "$0" > "$1" && read -r go <&3""";

    /// <summary>Writes the bundle's folder.</summary>
    /// <param name="announcements">Where a sandbox announces that it is prepared; null for one that just runs.</param>
    internal static void Write(SandboxSpec spec, GvisorFiles files, string root, string? announcements)
    {
        ScratchDirectory.Create(files.Bundle);
        using FileStream file = File.Create(Path.Combine(files.Bundle, Configuration));
        using var json = new Utf8JsonWriter(file);
        json.WriteStartObject();
        json.WriteString("ociVersion", "1.0.2");
        json.WriteString("hostname", "virga");
        WriteProcess(json, spec);
        json.WriteStartObject("root");
        json.WriteString("path", root);
        json.WriteBoolean("readonly", true);
        json.WriteEndObject();
        WriteMounts(json, spec);
        WriteNamespaces(json, spec.Egress);
        if (announcements is not null)
        {
            WriteGate(json, spec.InstanceId, announcements, files.Gate);
        }

        json.WriteEndObject();
    }

    /// <summary>The variables that the worker starts with.</summary>
    internal static IReadOnlyDictionary<string, string> Variables(SandboxSpec spec) => WorkerEnvironment.For(spec, TemporaryPath);

    private static void WriteProcess(Utf8JsonWriter json, SandboxSpec spec)
    {
        json.WriteStartObject("process");
        json.WriteStartObject("user");
        json.WriteNumber("uid", SandboxIdentity.UserNamespaceId);
        json.WriteNumber("gid", SandboxIdentity.UserNamespaceId);
        json.WriteEndObject();
        WriteStrings(json, "args", spec.Command);
        WriteStrings(json, "env", Variables(spec).Select(variable => $"{variable.Key}={variable.Value}"));
        json.WriteString("cwd", "/");
        json.WriteBoolean("noNewPrivileges", true);
        json.WriteStartObject("capabilities");
        json.WriteEndObject();
        json.WriteStartArray("rlimits");
        WriteLimit(json, "RLIMIT_NOFILE", OpenFiles);
        WriteLimit(json, "RLIMIT_CORE", 0);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMounts(Utf8JsonWriter json, SandboxSpec spec)
    {
        json.WriteStartArray("mounts");
        WriteMount(json, "/proc", "proc", "proc");
        WriteMount(json, TemporaryPath, "tmpfs", "tmpfs", $"size={spec.TmpBytes}", "mode=1777");
        WriteMount(json, "/dev/shm", "tmpfs", "tmpfs", $"size={SharedMemoryBytes}", "mode=1777");
        foreach (string folder in GvisorRoots.SystemMounts)
        {
            WriteMount(json, folder, "bind", folder, "ro", "rbind");
        }

        foreach (ReadOnlyMount mount in spec.Mounts)
        {
            WriteMount(json, mount.SandboxPath, "bind", mount.HostPath, "ro", "rbind");
        }

        json.WriteEndArray();
    }

    // Without a network runsc adds a user namespace by itself, with all users as they are, so that the capabilities of its processes
    // are not the machine's. With the network that it is started in it does not, although it needs no right over that one.
    private static void WriteNamespaces(Utf8JsonWriter json, EgressPolicy egress)
    {
        json.WriteStartObject("linux");
        if (egress != EgressPolicy.None)
        {
            WriteAllIds(json, "uidMappings");
            WriteAllIds(json, "gidMappings");
        }

        json.WriteStartArray("namespaces");
        foreach (string kind in new[] { "pid", "ipc", "uts", "mount", egress == EgressPolicy.None ? "network" : "user" })
        {
            json.WriteStartObject();
            json.WriteString("type", kind);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // runsc runs this hook once the sandbox exists and before it opens the image: everything up to there is done ahead.
    private static void WriteGate(Utf8JsonWriter json, string instance, string announcements, string gate)
    {
        json.WriteStartObject("hooks");
        json.WriteStartArray("createRuntime");
        json.WriteStartObject();
        json.WriteString("path", "/bin/sh");
        WriteStrings(json, "args", ["sh", "-c", AnnounceAndWait, instance, announcements, gate]);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMount(Utf8JsonWriter json, string destination, string type, string source, params ReadOnlySpan<string> options)
    {
        json.WriteStartObject();
        json.WriteString("destination", destination);
        json.WriteString("type", type);
        json.WriteString("source", source);
        json.WriteStartArray("options");
        foreach (string option in options)
        {
            json.WriteStringValue(option);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAllIds(Utf8JsonWriter json, string mappings)
    {
        json.WriteStartArray(mappings);
        json.WriteStartObject();
        json.WriteNumber("containerID", 0);
        json.WriteNumber("hostID", 0);
        json.WriteNumber("size", uint.MaxValue);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteLimit(Utf8JsonWriter json, string type, int limit)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteNumber("hard", limit);
        json.WriteNumber("soft", limit);
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
