using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Virga.Core.Dags;
using Virga.Core.Problems;

namespace Virga.Composition.Dags.Steps;

/// <summary>Makes one JSON object of several values. Values that are JSON go into it as they are, byte by byte.</summary>
internal static class StepObject
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A step's inputs by name, and its references as <c>{"$ref":KEY}</c>. Those that are null were skipped and are not in it.</summary>
    /// <exception cref="ProblemException">An input is neither JSON nor text, or all together are too large.</exception>
    public static StepValue Of(DagStep step, ReadOnlySpan<StepValue?> inputs)
    {
        using var buffer = new PooledBytes(Size(inputs));
        var first = true;
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is { } input)
            {
                Begin(buffer, step.IsEntry ? DagGraph.RunInput : step.Inputs[i], ref first);
                Write(buffer, input, step.IsEntry ? "the run's input" : $"the result of '{step.Inputs[i]}'");
            }
        }

        foreach (var (name, key) in step.Node.References)
        {
            Begin(buffer, name, ref first);
            buffer.Write("{\"$ref\":"u8);
            WriteText(buffer, key);
            buffer.Write("}"u8);
        }

        return End(buffer, first);
    }

    /// <summary>The results of all steps that nothing follows, by name.</summary>
    /// <exception cref="ProblemException">As above.</exception>
    public static StepValue OfResults(DagGraph graph, ReadOnlySpan<StepValue?> results)
    {
        using var buffer = new PooledBytes(Size(results));
        var first = true;
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i] is { } result)
            {
                var name = graph.Steps[graph.Sinks[i]].Name;
                Begin(buffer, name, ref first);
                Write(buffer, result, $"the result of '{name}'");
            }
        }

        return End(buffer, first);
    }

    private static int Size(ReadOnlySpan<StepValue?> values)
    {
        long size = 256;
        foreach (var value in values)
        {
            size += (value?.Body.Length ?? 0) + 64;
        }

        return (int)Math.Min(size, StepValue.MaxBytes);
    }

    private static void Begin(PooledBytes buffer, string name, ref bool first)
    {
        // Names have no character that JSON would escape.
        buffer.Write(first ? "{\""u8 : ",\""u8);
        first = false;
        var span = buffer.GetSpan(name.Length);
        buffer.Advance(Encoding.ASCII.GetBytes(name, span));
        buffer.Write("\":"u8);
    }

    private static StepValue End(PooledBytes buffer, bool empty)
    {
        buffer.Write(empty ? "{}"u8 : "}"u8);
        return buffer.Length <= StepValue.MaxBytes
            ? StepValue.Rented(buffer.Detach(out var length), length, null)
            : throw new ProblemException(KnownProblems.BodyTooLarge($"The inputs have {buffer.Length:N0} bytes together; {StepValue.MaxBytes:N0} are allowed."));
    }

    private static void Write(PooledBytes buffer, StepValue value, string what)
    {
        if (value.IsJson)
        {
            if (value.Body.IsEmpty)
            {
                buffer.Write("null"u8);
            }

            foreach (var piece in value.Body)
            {
                buffer.Write(piece.Span);
            }
        }
        else if (MediaTypes.IsText(value.ContentType!))
        {
            WriteText(buffer, Encoding.UTF8.GetString(value.Body));
        }
        else
        {
            throw new ProblemException(KnownProblems.InvalidBody($"{what} is {value.ContentType}; only JSON and text can be one of several inputs."));
        }
    }

    private static void WriteText(PooledBytes buffer, string text)
    {
        using var json = new Utf8JsonWriter(buffer, Readable);
        json.WriteStringValue(text);
    }
}
