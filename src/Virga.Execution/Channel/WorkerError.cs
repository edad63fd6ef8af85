using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Execution.Channel;

/// <summary>What a worker says of a failure.</summary>
internal sealed record WorkerError
{
    public string Type { get; init; } = "Error";

    public string Message { get; init; } = "";

    public string? Stack { get; init; }

    public string? Location { get; init; }

    /// <summary>Reads the header of an ERROR frame.</summary>
    /// <exception cref="WorkerProtocolException">It cannot be read.</exception>
    public static WorkerError Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ProtocolJson.Default.WorkerError) ?? new WorkerError();
        }
        catch (JsonException e)
        {
            throw new WorkerProtocolException($"The header of an ERROR frame cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>Header of HELLO.</summary>
internal sealed record Hello(int Protocol, string Runtime, string Version);

/// <summary>Header of SPECIALISED.</summary>
/// <param name="Snapshot">False when its clones would not be unique, so that it must not be cloned.</param>
internal sealed record Specialised(bool Ok, WorkerError? Error, bool Snapshot = true);

/// <summary>Header of SPECIALISE.</summary>
internal sealed record Specialise(
    string Tenant,
    string Namespace,
    string Function,
    int Version,
    string Root,
    string Handler,
    IReadOnlyDictionary<string, string> Environment,
    int Concurrency,
    Core.Resources.RequestBodyMode RequestBody,
    long Memory,
    string Node,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Snapshot = false);

/// <summary>Header of RESTORE.</summary>
/// <param name="Entropy">Random bytes that no other clone of the same worker gets.</param>
/// <param name="Time">Now, in Unix milliseconds.</param>
/// <param name="Instance">What the clone is called.</param>
internal sealed record Restore(byte[] Entropy, long Time, string Instance, string Node);

/// <summary>Header of RESTORED.</summary>
internal sealed record Restored(bool Ok, WorkerError? Error);

/// <summary>Header of END.</summary>
internal sealed record End(WorkerError? Error, int? Code, string? Reason);

/// <summary>Header of LOG.</summary>
internal sealed record LogHead(string? Level, JsonElement? Fields);

/// <summary>Header of MESSAGE.</summary>
internal sealed record MessageHead(bool Text);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(WorkerError))]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Specialised))]
[JsonSerializable(typeof(Specialise))]
[JsonSerializable(typeof(Restore))]
[JsonSerializable(typeof(Restored))]
[JsonSerializable(typeof(End))]
[JsonSerializable(typeof(LogHead))]
[JsonSerializable(typeof(MessageHead))]
internal sealed partial class ProtocolJson : JsonSerializerContext;
