using System.Text.Json;

namespace Virga.Core.Dags;

/// <summary>
/// A condition on a JSON value. It is read once, when its DAG is made, and then asked of values as they pass, without making objects of them. The language is in
/// <c>docs/dags.md</c>.
/// </summary>
public abstract class DagCondition
{
    private protected DagCondition()
    {
    }

    /// <summary>The condition in a few words, for pictures.</summary>
    public abstract string Text { get; }

    /// <summary>Reads a condition.</summary>
    /// <param name="json">The condition.</param>
    /// <param name="what">What it belongs to, for messages.</param>
    /// <exception cref="Problems.ProblemException"><c>invalid-dag</c> when it is none, or one that no value can fulfil.</exception>
    public static DagCondition Read(JsonElement json, string what) => new DagConditionReader(what).Read(json, 0);

    /// <summary>Whether it holds of a JSON value.</summary>
    /// <exception cref="JsonException">The value is no JSON.</exception>
    public abstract bool Holds(ReadOnlySpan<byte> json);

    /// <inheritdoc/>
    public override string ToString() => Text;

    internal sealed class All(IReadOnlyList<DagCondition> parts) : DagCondition
    {
        public override string Text => string.Join(" and ", parts.Select(part => part is Any ? $"({part.Text})" : part.Text));

        public override bool Holds(ReadOnlySpan<byte> json)
        {
            foreach (var part in parts)
            {
                if (!part.Holds(json))
                {
                    return false;
                }
            }

            return true;
        }
    }

    internal sealed class Any(IReadOnlyList<DagCondition> parts) : DagCondition
    {
        public override string Text => string.Join(" or ", parts.Select(part => part.Text));

        public override bool Holds(ReadOnlySpan<byte> json)
        {
            foreach (var part in parts)
            {
                if (part.Holds(json))
                {
                    return true;
                }
            }

            return false;
        }
    }

    internal sealed class Not(DagCondition part) : DagCondition
    {
        public override string Text => part is All or Any ? $"not ({part.Text})" : $"not {part.Text}";

        public override bool Holds(ReadOnlySpan<byte> json) => !part.Holds(json);
    }

    /// <summary>Compares what is at a path.</summary>
    internal sealed class At(DagPath path, IReadOnlyList<DagTest> tests) : DagCondition
    {
        public override string Text => $"{path.Text} {string.Join(", ", tests.Select(test => test.Text))}";

        public override bool Holds(ReadOnlySpan<byte> json)
        {
            var reader = new Utf8JsonReader(json);
            var exists = path.Find(ref reader);
            foreach (var test in tests)
            {
                if (!test.Holds(exists, ref reader, json))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
