using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Sketches;

namespace Virga.State.Json;

/// <summary>The JSON forms of what keys hold (<c>docs/state.md</c>, "JSON forms").</summary>
public static class StateJson
{
    /// <summary>Compact, and without escapes that JSON does not ask for: it is data, never part of a page.</summary>
    internal static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 };

    /// <summary>Writes what a key holds; <c>null</c> for nothing.</summary>
    public static void Write(Utf8JsonWriter output, StateRecord? record)
    {
        if (record?.Value is { } value)
        {
            Write(output, value);
        }
        else
        {
            output.WriteNullValue();
        }
    }

    /// <summary>Writes a lattice's value.</summary>
    public static void Write(Utf8JsonWriter output, Lattice lattice)
    {
        switch (lattice)
        {
            case LwwRegister register:
                Write(output, register.Payload);
                break;
            case CausalRegister { Versions.Count: 1 } register:
                Write(output, register.Newest);
                break;
            case CausalRegister register:
                WriteSiblings(output, register);
                break;
            case CounterLattice counter:
                output.WriteNumberValue(counter.Value);
                break;
            case GrowSetLattice set:
                WriteAll(output, set.Elements);
                break;
            case SetLattice set:
                WriteAll(output, set.Elements);
                break;
            case OrderedSetLattice set:
                output.WriteStartArray();
                foreach (var member in set.Ranks)
                {
                    Write(output, member);
                }

                output.WriteEndArray();
                break;
            case MapLattice map:
                WriteFields(output, map);
                break;
            case MaxLattice max:
                output.WriteNumberValue(max.Value);
                break;
            case MinLattice min:
                output.WriteNumberValue(min.Value);
                break;
            case FlagLattice:
                output.WriteBooleanValue(true);
                break;
            case LogLattice log:
                WriteAll(output, log.Last(int.MaxValue));
                break;
            case SketchLattice<HyperLogLog> { Sketch: var sketch }:
                SketchJson.WriteWhole(output, sketch.Count().Value);
                break;
            case SketchLattice<ThetaSketch> { Sketch: var sketch }:
                SketchJson.WriteWhole(output, sketch.Count().Value);
                break;
            case SketchLattice<BloomFilter> { Sketch: var filter }:
                SketchJson.Write(output, filter);
                break;
            case SketchLattice<ReservoirSample> { Sketch: var sample }:
                WriteAll(output, sample.Values);
                break;
            case SharedSketchLattice<CountMinSketch> { Sketches: var sketches }:
                output.WriteStartObject();
                output.WriteNumber("total"u8, CountMinSketch.TotalOf(sketches));
                output.WriteEndObject();
                break;
            case SharedSketchLattice<QuantileSketch> { Sketches: var sketches }:
                SketchJson.Write(output, new QuantileSummary(sketches));
                break;
            case SharedSketchLattice<TopKSketch> { Sketches: var sketches }:
                var top = new TopKSummary(sketches);
                SketchJson.Write(output, top.Top(top.Size));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(lattice), lattice.Kind, null);
        }
    }

    /// <summary>Writes a member with its score.</summary>
    internal static void Write(Utf8JsonWriter output, RankedMember member)
    {
        output.WriteStartObject();
        output.WritePropertyName("member"u8);
        Write(output, member.Member);
        output.WriteNumber("score"u8, member.Score);
        output.WriteEndObject();
    }

    /// <summary>Writes a value.</summary>
    public static void Write(Utf8JsonWriter output, Payload payload)
    {
        var content = payload.Content.Span;
        switch (payload.Tag)
        {
            case PayloadTag.Json when IsJson(content):
                output.WriteRawValue(content, skipInputValidation: true);
                break;
            case PayloadTag.Bytes:
                output.WriteStartObject();
                output.WriteBase64String("bytes", content);
                output.WriteEndObject();
                break;
            case var _ when Utf8.IsValid(content):
                output.WriteStringValue(content);
                break;
            default:
                output.WriteStringValue(Encoding.UTF8.GetString(content));
                break;
        }
    }

    /// <summary>What a key holds as a value: a register's own, of siblings the newest; of all other kinds the JSON form.</summary>
    public static Payload ToPayload(Lattice lattice) => lattice switch
    {
        LwwRegister register => register.Payload,
        CausalRegister register => register.Newest,
        _ => ToPayload(lattice, static (output, value) => Write(output, value)),
    };

    /// <summary>JSON that is written by a function, as a value.</summary>
    internal static Payload ToPayload<T>(T of, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(64);
        buffer.GetSpan(1)[0] = (byte)PayloadTag.Json;
        buffer.Advance(1);
        using (var output = new Utf8JsonWriter(buffer, WriterOptions))
        {
            write(output, of);
        }

        return new Payload(buffer.WrittenMemory);
    }

    internal static void WriteAll(Utf8JsonWriter output, IEnumerable<Payload> elements)
    {
        output.WriteStartArray();
        foreach (var element in elements)
        {
            Write(output, element);
        }

        output.WriteEndArray();
    }

    private static void WriteFields(Utf8JsonWriter output, MapLattice map)
    {
        output.WriteStartObject();
        foreach (var (field, record) in map.Fields)
        {
            if (record.Value is { } value)
            {
                output.WritePropertyName(field);
                Write(output, value);
            }
        }

        output.WriteEndObject();
    }

    private static void WriteSiblings(Utf8JsonWriter output, CausalRegister register)
    {
        output.WriteStartObject();
        output.WriteStartArray("siblings");
        foreach (var version in register.Versions)
        {
            Write(output, version.Payload);
        }

        output.WriteEndArray();
        output.WriteEndObject();
    }

    // A function may have put under the tag of JSON what is none; it is shown as the text that it is.
    private static bool IsJson(ReadOnlySpan<byte> content)
    {
        if (!Utf8.IsValid(content))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(content);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
