using System.Text.Json;
using Virga.Core.Names;

namespace Virga.Core.Dags;

/// <summary>Reads conditions, and refuses those that cannot be.</summary>
internal sealed class DagConditionReader(string what)
{
    private const int MaxDepth = 16;
    private const int MaxParts = 100;
    private const string Form = "Write {\"path\":\"$.member\",\"equals\":VALUE}, with exists, in, greater, less, atLeast or atMost in place of equals, or combine conditions by all, any and not.";

    /// <summary>Reads one.</summary>
    /// <exception cref="Problems.ProblemException"><c>invalid-dag</c>.</exception>
    public DagCondition Read(JsonElement json, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object || depth > MaxDepth)
        {
            throw Refuse(depth > MaxDepth ? $"is more than {MaxDepth} conditions deep." : "is no JSON object.");
        }

        var first = json.EnumerateObject().FirstOrDefault();
        if (first.Value.ValueKind == JsonValueKind.Undefined)
        {
            throw Refuse("is empty.");
        }

        if (json.TryGetProperty("path", out var path))
        {
            return ReadTests(json, path);
        }

        if (json.EnumerateObject().Skip(1).Any())
        {
            throw Refuse("has several members and no path.");
        }

        return first.Name switch
        {
            "all" => new DagCondition.All(Parts(first.Value, "all", depth)),
            "any" => new DagCondition.Any(Parts(first.Value, "any", depth)),
            "not" => new DagCondition.Not(Read(first.Value, depth + 1)),
            _ => throw Refuse($"has no path, and '{ResourceName.Shorten(first.Name)}' combines no conditions."),
        };
    }

    private DagCondition.At ReadTests(JsonElement json, JsonElement path)
    {
        var text = path.ValueKind == JsonValueKind.String ? path.GetString() : null;
        var parsed = DagPath.TryParse(text) ?? throw Refuse($"has the path '{ResourceName.Shorten(text ?? path.GetRawText())}', which cannot be read.", "Write $, and then .member, ['any member'] or [0], again and again.");
        var tests = new List<DagTest>();
        var range = new DagRange();
        var absent = false;
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "path":
                    break;
                case "exists":
                    var wanted = member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? member.Value.GetBoolean() : throw Refuse("has 'exists' with another value than true or false.");
                    absent = !wanted;
                    tests.Add(new DagTest.Exists(wanted));
                    break;
                case "equals":
                    tests.Add(new DagTest.OneOf([member.Value.Clone()]));
                    range.Equal(member.Value);
                    break;
                case "in":
                    tests.Add(new DagTest.OneOf(Values(member.Value)));
                    break;
                case "greater":
                    tests.Add(new DagTest.Compare(">", range.Above(Number(member), orEqual: false), above: true, orEqual: false));
                    break;
                case "atLeast":
                    tests.Add(new DagTest.Compare("≥", range.Above(Number(member), orEqual: true), above: true, orEqual: true));
                    break;
                case "less":
                    tests.Add(new DagTest.Compare("<", range.Below(Number(member), orEqual: false), above: false, orEqual: false));
                    break;
                case "atMost":
                    tests.Add(new DagTest.Compare("≤", range.Below(Number(member), orEqual: true), above: false, orEqual: true));
                    break;
                default:
                    throw Refuse($"has a member '{ResourceName.Shorten(member.Name)}', which compares nothing.");
            }
        }

        if (tests.Count == 0)
        {
            throw Refuse($"has the path '{parsed.Text}' and nothing to compare it with.");
        }

        if (range.IsEmpty || (absent && tests.Count > 1))
        {
            throw Refuse($"can never hold: no value at '{parsed.Text}' is all of {string.Join(", ", tests.Select(test => test.Text))}.", "Mend it, or remove the edge or node.");
        }

        return new DagCondition.At(parsed, tests);
    }

    private DagCondition[] Parts(JsonElement json, string name, int depth)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() is 0 or > MaxParts)
        {
            throw Refuse($"has '{name}' without a list of 1 to {MaxParts} conditions.");
        }

        return [.. json.EnumerateArray().Select(part => Read(part, depth + 1))];
    }

    private JsonElement[] Values(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() is 0 or > MaxParts)
        {
            throw Refuse($"has 'in' without a list of 1 to {MaxParts} values.");
        }

        return [.. json.EnumerateArray().Select(value => value.Clone())];
    }

    private double Number(JsonProperty member) => member.Value.ValueKind == JsonValueKind.Number
        ? member.Value.GetDouble()
        : throw Refuse($"compares by '{member.Name}' with {ResourceName.Shorten(member.Value.GetRawText())}, which is no number.");

    private Problems.ProblemException Refuse(string detail, string? fix = null) => DagRules.Refuse($"{what} {detail}", fix ?? Form);
}
