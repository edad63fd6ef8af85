using System.Buffers;
using System.Text.Json;
using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Sketches;

namespace Virga.State.Json;

/// <summary>The JSON forms of sketches and of what is asked of them.</summary>
internal static class SketchJson
{
    private static readonly (string Name, double Share)[] Shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)];

    /// <summary>An estimate as an object, in whole numbers.</summary>
    public static void Write(Utf8JsonWriter output, Estimate estimate)
    {
        output.WriteStartObject();
        output.WritePropertyName("estimate"u8);
        WriteWhole(output, estimate.Value);
        output.WritePropertyName("low"u8);
        WriteWhole(output, estimate.Low);
        output.WritePropertyName("high"u8);
        WriteWhole(output, estimate.High);
        output.WriteEndObject();
    }

    /// <summary>The whole number that is next.</summary>
    public static void WriteWhole(Utf8JsonWriter output, double value)
    {
        const double Integers = 9.2e18;
        if (value < Integers)
        {
            output.WriteNumberValue((long)Math.Round(value));
        }
        else
        {
            output.WriteNumberValue(value);
        }
    }

    /// <summary>How full a filter is.</summary>
    public static void Write(Utf8JsonWriter output, BloomFilter? filter)
    {
        output.WriteStartObject();
        output.WritePropertyName("estimate"u8);
        WriteWhole(output, filter?.Count() ?? 0);
        output.WriteNumber("falsePositives"u8, filter?.FalsePositives ?? 0);
        output.WriteEndObject();
    }

    /// <summary>The usual figures of a distribution.</summary>
    public static void Write(Utf8JsonWriter output, QuantileSummary summary)
    {
        output.WriteStartObject();
        output.WriteNumber("count"u8, summary.Count);
        output.WritePropertyName("min"u8);
        WriteNumber(output, summary.Quantile(0));
        foreach (var (name, share) in Shares)
        {
            output.WritePropertyName(name);
            WriteNumber(output, summary.Quantile(share));
        }

        output.WritePropertyName("max"u8);
        WriteNumber(output, summary.Quantile(1));
        output.WriteEndObject();
    }

    /// <summary>A number, or <c>null</c>.</summary>
    public static void WriteNumber(Utf8JsonWriter output, double? number)
    {
        if (number is { } value)
        {
            output.WriteNumberValue(value);
        }
        else
        {
            output.WriteNullValue();
        }
    }

    /// <summary>Values with their counts.</summary>
    public static void Write(Utf8JsonWriter output, IReadOnlyList<FrequentItem> items)
    {
        output.WriteStartArray();
        foreach (var (item, count, error) in items)
        {
            output.WriteStartObject();
            output.WritePropertyName("value"u8);
            StateJson.Write(output, item);
            output.WriteNumber("count"u8, count);
            output.WriteNumber("error"u8, error);
            output.WriteEndObject();
        }

        output.WriteEndArray();
    }

    /// <summary>A sketch itself, in its binary form: for updates and queries of other keys. Null for a key that does not exist.</summary>
    public static void WriteBytes(Utf8JsonWriter output, Lattice? sketch)
    {
        if (sketch is null)
        {
            output.WriteNullValue();
            return;
        }

        var bytes = new ArrayBufferWriter<byte>(sketch.EncodedBytes + 1);
        LatticeEncoding.Write(bytes, sketch);
        output.WriteBase64StringValue(bytes.WrittenSpan);
    }
}
