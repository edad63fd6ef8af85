using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Virga.Core.Problems;

namespace Virga.State.Updates;

/// <summary>A value within the JSON of an update or query, and where it stands there: whatever is wrong is refused with its place.</summary>
internal readonly record struct JsonPlace(JsonElement Element, string Parent, int Index = -1)
{
    // A name that stands twice would leave open which one is meant.
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    private string Path => Index < 0 ? Parent : string.Create(CultureInfo.InvariantCulture, $"{Parent}[{Index}]");

    /// <summary>Reads JSON text; whoever calls disposes of the document.</summary>
    /// <exception cref="ProblemException"><c>invalid-update</c>.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
        {
            throw new ProblemException(KnownProblems.InvalidUpdate("The JSON is no UTF-8."));
        }

        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (JsonException e)
        {
            throw new ProblemException(KnownProblems.InvalidUpdate($"The JSON cannot be read: {e.Message}"));
        }
        catch (InvalidOperationException)
        {
            // Names are unescaped to find those that stand twice.
            throw new ProblemException(KnownProblems.InvalidUpdate("The JSON has a name with a \\u escape that is half of a pair."));
        }
    }

    /// <summary>The problem of what stands here.</summary>
    public ProblemException Refuse(string what) => new(KnownProblems.InvalidUpdate($"At {Path}: {what}"));

    /// <summary>The one member of an object that has exactly one.</summary>
    public JsonPlace Only(out string name)
    {
        if (Element.ValueKind == JsonValueKind.Object && Element.GetPropertyCount() == 1)
        {
            foreach (var member in Element.EnumerateObject())
            {
                name = NameOf(member);
                return new JsonPlace(member.Value, $"{Path}.{name}");
            }
        }

        throw Refuse("an object with exactly one member is expected.");
    }

    /// <summary>The members of an object.</summary>
    public IEnumerable<(string Name, JsonPlace Value)> Members()
    {
        if (Element.ValueKind != JsonValueKind.Object)
        {
            throw Refuse("an object is expected.");
        }

        foreach (var member in Element.EnumerateObject())
        {
            var name = NameOf(member);
            yield return (name, new JsonPlace(member.Value, $"{Path}.{name}"));
        }
    }

    /// <summary>The items of an array.</summary>
    public IEnumerable<JsonPlace> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
        {
            throw Refuse("an array is expected.");
        }

        var index = 0;
        var path = Path;
        foreach (var item in Element.EnumerateArray())
        {
            yield return new JsonPlace(item, path, index++);
        }
    }

    /// <summary>An integer of 64 bits.</summary>
    public long Integer() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt64(out var value) ? value : throw Refuse("an integer of 64 bits is expected.");

    /// <summary>An integer within bounds.</summary>
    public int Integer(int least, int most) => Integer() is var value && value >= least && value <= most
        ? (int)value
        : throw Refuse(string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most} is expected."));

    /// <summary>A number that a double holds.</summary>
    public double Number()
    {
        // An integer beyond 2^53 would come back as another one.
        const long Exact = 1L << 53;
        if (Element.ValueKind != JsonValueKind.Number || !Element.TryGetDouble(out var value) || !double.IsFinite(value))
        {
            throw Refuse("a number is expected, not greater than 1.7e308.");
        }

        // Adding zero makes one of both zeros.
        return Math.Abs(value) < Exact || !IsPlainInteger() || (Element.TryGetInt64(out var integer) && (integer == Exact || integer == -Exact))
            ? value + 0.0
            : throw Refuse("an integer is at most 2^53 here, so that it stays exact.");
    }

    /// <summary>True or false.</summary>
    public bool Boolean() => Element.ValueKind is JsonValueKind.True or JsonValueKind.False ? Element.GetBoolean() : throw Refuse("true or false is expected.");

    /// <summary>A text.</summary>
    public string Text()
    {
        try
        {
            return Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw Refuse("a text is expected.");
        }
        catch (InvalidOperationException)
        {
            throw NoUnicode();
        }
    }

    /// <summary>What is said of a text with half of a surrogate pair, which has no UTF-8.</summary>
    public ProblemException NoUnicode() => Refuse("a text has a \\u escape that is half of a pair.");

    // A number without a fraction or an exponent.
    private bool IsPlainInteger() => !Element.GetRawText().AsSpan().ContainsAny(".eE");

    private string NameOf(in JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw NoUnicode();
        }
    }
}
