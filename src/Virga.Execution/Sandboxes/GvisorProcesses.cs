using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Execution.Sandboxes;

/// <summary>The processes of a gVisor sandbox, by the machine's process ids, as runsc has recorded them.</summary>
/// <param name="FileServer">The process in whose mount namespace the sandbox's files are looked up.</param>
/// <param name="Kernel">The process that is the sandbox's kernel.</param>
internal sealed record GvisorProcesses(int FileServer, int Kernel)
{
    /// <summary>Null while the sandbox is not running (yet, or any more).</summary>
    internal static GvisorProcesses? Read(GvisorFiles files)
    {
        try
        {
            using FileStream record = File.OpenRead(files.Record);
            return JsonSerializer.Deserialize(record, GvisorRecordJson.Default.GvisorRecord) is { Sandbox: { } sandbox, GoferPid: > 0 and var gofer }
                ? new GvisorProcesses(gofer, sandbox.Pid)
                : null;
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            return null; // Not written to its end yet, or removed with the sandbox.
        }
    }
}

/// <summary>The part of runsc's record that is of use here.</summary>
internal sealed record GvisorRecord(int GoferPid, GvisorRecordSandbox? Sandbox);

/// <summary>The sandbox in <see cref="GvisorRecord"/>.</summary>
internal sealed record GvisorRecordSandbox(int Pid);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GvisorRecord))]
internal sealed partial class GvisorRecordJson : JsonSerializerContext;
