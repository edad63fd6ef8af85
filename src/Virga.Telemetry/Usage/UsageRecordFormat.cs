using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Problems;

namespace Virga.Telemetry.Usage;

/// <summary>
/// A usage record as JSON: what stands in the files is what the API sends. Times are in milliseconds. Members that are zero, false or empty are left out:
/// at a high rate of calls most of the cost is bytes.
/// </summary>
internal static class UsageRecordFormat
{
    private const int MaxDetail = 2048;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText Time = JsonEncodedText.Encode("time");
    private static readonly JsonEncodedText Function = JsonEncodedText.Encode("function");
    private static readonly JsonEncodedText Version = JsonEncodedText.Encode("version");
    private static readonly JsonEncodedText TriggerName = JsonEncodedText.Encode("trigger");
    private static readonly JsonEncodedText OutcomeName = JsonEncodedText.Encode("outcome");
    private static readonly JsonEncodedText Status = JsonEncodedText.Encode("status");
    private static readonly JsonEncodedText Instance = JsonEncodedText.Encode("instance");
    private static readonly JsonEncodedText Cold = JsonEncodedText.Encode("cold");
    private static readonly JsonEncodedText QueueMs = JsonEncodedText.Encode("queueMs");
    private static readonly JsonEncodedText StartMs = JsonEncodedText.Encode("startMs");
    private static readonly JsonEncodedText RunMs = JsonEncodedText.Encode("runMs");
    private static readonly JsonEncodedText DurationMs = JsonEncodedText.Encode("durationMs");
    private static readonly JsonEncodedText CpuMs = JsonEncodedText.Encode("cpuMs");
    private static readonly JsonEncodedText PeakMemory = JsonEncodedText.Encode("peakMemory");
    private static readonly JsonEncodedText BytesIn = JsonEncodedText.Encode("bytesIn");
    private static readonly JsonEncodedText BytesOut = JsonEncodedText.Encode("bytesOut");
    private static readonly JsonEncodedText[] Triggers = [JsonEncodedText.Encode("http"), JsonEncodedText.Encode("websocket"), JsonEncodedText.Encode("invoke"), JsonEncodedText.Encode("call"), JsonEncodedText.Encode("dag"), JsonEncodedText.Encode("topic")];
    private static readonly JsonEncodedText[] Faults =
        [.. Enum.GetValues<Fault>().Select(static fault => JsonEncodedText.Encode(JsonSerializer.Serialize(fault).Trim('"')))];

    /// <summary>A writer to give to <see cref="Write"/>.</summary>
    public static Utf8JsonWriter NewWriter(IBufferWriter<byte> output) => new(output, WriterOptions);

    /// <summary>Writes the record's JSON; <paramref name="function"/> is its function's full name.</summary>
    public static void Write(Utf8JsonWriter json, in InvocationRecord record, JsonEncodedText function)
    {
        Span<byte> id = stackalloc byte[InvocationId.TextLength];
        record.Id.Format(id);
        json.WriteStartObject();
        json.WriteString(Id, id);
        json.WriteString(Time, DateTimeOffset.FromUnixTimeMilliseconds(record.Id.UnixMilliseconds).UtcDateTime);
        json.WriteString(Function, function);
        json.WriteNumber(Version, record.Function.Version);
        json.WriteString(TriggerName, Triggers[(int)record.Trigger]);
        json.WriteString(OutcomeName, OutcomeNames.Of(record.Outcome));
        json.WriteNumber(Status, record.Status);
        if (!string.IsNullOrEmpty(record.Instance))
        {
            json.WriteString(Instance, record.Instance);
        }

        if (record.Timing.Cold)
        {
            json.WriteBoolean(Cold, true);
        }

        WriteMilliseconds(json, QueueMs, record.Timing.Queue);
        WriteMilliseconds(json, StartMs, record.Timing.Start);
        WriteMilliseconds(json, RunMs, record.Timing.Run);
        WriteMilliseconds(json, DurationMs, record.Duration);
        WriteMilliseconds(json, CpuMs, record.CpuTime);
        WriteCount(json, PeakMemory, record.PeakMemoryBytes);
        WriteCount(json, BytesIn, record.BytesIn);
        WriteCount(json, BytesOut, record.BytesOut);
        if (record.Problem is { } problem)
        {
            WriteProblem(json, problem);
        }

        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteCount(Utf8JsonWriter json, JsonEncodedText name, long count)
    {
        if (count != 0)
        {
            json.WriteNumber(name, count);
        }
    }

    private static void WriteMilliseconds(Utf8JsonWriter json, JsonEncodedText name, TimeSpan span)
    {
        // By hand, to the microsecond: a double would take longer to write than all the rest.
        var micros = Math.Max(0, span.Ticks) / TimeSpan.TicksPerMicrosecond;
        if (micros == 0)
        {
            return;
        }

        Span<byte> text = stackalloc byte[32];
        Utf8Formatter.TryFormat(micros / 1000, text, out var length);
        text[length++] = (byte)'.';
        Utf8Formatter.TryFormat(micros % 1000, text[length..], out var digits, new StandardFormat('D', 3));
        json.WritePropertyName(name);
        json.WriteRawValue(text[..(length + digits)], skipInputValidation: true);
    }

    private static void WriteProblem(Utf8JsonWriter json, Problem problem)
    {
        json.WriteStartObject("problem"u8);
        json.WriteString("type"u8, problem.Type);
        json.WriteString("title"u8, problem.Title);
        json.WriteString("fault"u8, Faults[(int)problem.Fault]);
        if (problem.Detail is { } detail)
        {
            json.WriteString("detail"u8, detail.AsSpan(0, Math.Min(detail.Length, MaxDetail)));
        }

        if (problem.Fix is { } fix)
        {
            json.WriteString("fix"u8, fix);
        }

        json.WriteEndObject();
    }
}
