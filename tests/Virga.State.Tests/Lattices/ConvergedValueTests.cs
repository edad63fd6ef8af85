using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Virga.State.Json;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;
using Virga.State.Updates;

namespace Virga.State.Tests.Lattices;

/// <summary>What replicas agree on is what was meant: against models that keep everything and are slow.</summary>
public sealed class ConvergedValueTests
{
    private const int Replicas = 3;
    private const int Keep = 4;

    [Fact]
    public void A_counter_is_the_sum_of_all_increments() => Holds(static steps =>
    {
        var sum = 0L;
        var records = Run(steps, (_, argument) =>
        {
            sum += argument - 128;
            return $$$"""{"counter":{"increment":{{{argument - 128}}}}}""";
        });
        return IncrementMutation.ValueOf(records) == sum;
    });

    [Fact]
    public void A_set_has_the_elements_of_which_an_addition_was_seen_by_no_removal() => Holds(static steps =>
    {
        // Each replica knows additions by number, and which of them were removed.
        var added = Enumerable.Range(0, Replicas).Select(static _ => new HashSet<(int Element, int Number)>()).ToArray();
        var removed = Enumerable.Range(0, Replicas).Select(static _ => new HashSet<int>()).ToArray();
        var next = 0;
        var record = Run(steps, Write, Listen);
        var gone = removed.SelectMany(static set => set).ToHashSet();
        var expected = added.SelectMany(static set => set).Where(add => !gone.Contains(add.Number)).Select(static add => add.Element).Distinct().Order();
        return Form(record) is var form && (form == $"[{string.Join(',', expected)}]" || (form.Length == 0 && !expected.Any()));

        string Write(int who, byte argument)
        {
            var element = argument % 5;
            if (argument >= 160)
            {
                removed[who].UnionWith(added[who].Where(add => add.Element == element).Select(static add => add.Number));
                return $$$"""{"set":{"remove":[{{{element}}}]}}""";
            }

            added[who].Add((element, next++));
            return $$$"""{"set":{"add":[{{{element}}}]}}""";
        }

        void Listen(int who, int whom)
        {
            added[who].UnionWith(added[whom]);
            removed[who].UnionWith(removed[whom]);
        }
    });

    [Fact]
    public void A_log_shows_the_newest_entries_of_all() => Holds(static steps =>
    {
        var all = new List<int>();
        var record = Run(steps, (_, _) =>
        {
            all.Add(all.Count);
            return $$$"""{"log":{"append":[{{{all.Count - 1}}}],"keep":{{{Keep}}}}}""";
        });
        return all.Count == 0 || Form(record) == $"[{string.Join(',', all.TakeLast(Keep))}]";
    });

    [Fact]
    public void Sketches_count_every_addition_and_each_value_once() => Holds(static steps =>
    {
        var added = new List<int>();
        var distinct = Run(steps, (_, argument) =>
        {
            added.Add(argument % 50);
            return $$$"""{"hyperLogLog":{"add":[{{{argument % 50}}}],"precision":12}}""";
        });
        var total = Run(steps, static (_, argument) => $$$"""{"countMin":{"add":[{{{argument % 50}}}]}}""");
        var top = Run(steps, static (_, argument) => $$$"""{"topK":{"add":[{{{argument % 50}}}],"size":50}}""");
        var ranks = Run(steps, static (_, argument) => $$$"""{"quantiles":{"add":[{{{argument % 50}}}],"size":4096}}""");
        added.Sort();
        return added.Count == 0
            || (Form(distinct) == Text(added.Distinct().Count())
                && Form(total) == $"{{\"total\":{added.Count}}}"
                && Form(top) == $"[{string.Join(',', added.CountBy(static value => value).OrderByDescending(static pair => pair.Value).ThenBy(static pair => Text(pair.Key), StringComparer.Ordinal).Select(static pair => $"{{\"value\":{pair.Key},\"count\":{pair.Value},\"error\":0}}"))}]"
                && Form(ranks).Contains($"\"count\":{added.Count},\"min\":{added[0]},\"p50\":{added[(added.Count - 1) / 2]},", StringComparison.Ordinal));
    });

    [Fact]
    public void Scores_and_fields_are_those_that_were_set_last() => Holds(static steps =>
    {
        var (scores, fields) = (new SortedDictionary<int, int>(), new SortedDictionary<int, int>());
        var map = Run(steps, (_, argument) =>
        {
            fields[argument % 4] = argument;
            return """{"map":{"put":{"f#":~}}}""".Replace("#", Text(argument % 4), StringComparison.Ordinal).Replace("~", Text(argument), StringComparison.Ordinal);
        });
        var members = Run(steps, (_, argument) =>
        {
            scores[argument % 4] = argument;
            return """{"orderedSet":{"add":[{"member":#,"score":~}]}}""".Replace("#", Text(argument % 4), StringComparison.Ordinal).Replace("~", Text(argument), StringComparison.Ordinal);
        });
        return fields.Count == 0
            || (Form(map) == $"{{{string.Join(',', fields.Select(static field => $"\"f{field.Key}\":{field.Value}"))}}}"
                && Form(members) == $"[{string.Join(',', scores.OrderBy(static score => score.Value).Select(static score => $"{{\"member\":{score.Key},\"score\":{score.Value}}}"))}]");
    });

    // One clock for all: then what is last by time is what was last in the test.
    private static StateRecord? Run((byte Who, byte Act, byte Argument, byte Whom)[] steps, Func<int, byte, string> write, Action<int, int>? listen = null)
    {
        var states = new StateRecord?[Replicas];
        var now = HybridTimestamp.At(1000).Value;
        foreach (var (who, act, argument, whom) in steps)
        {
            var (me, other) = (who % Replicas, whom % Replicas);
            if (act % 3 == 0)
            {
                states[me] = states[other] is { } heard ? states[me]?.Merge(heard) ?? heard : states[me];
                listen?.Invoke(me, other);
                continue;
            }

            var delta = StateUpdate.Parse(Encoding.UTF8.GetBytes(write(me, argument))).Delta(states[me], new MutationContext(new HybridTimestamp(++now), new ReplicaId((ulong)(9 - me)), 1000));
            states[me] = states[me]?.Merge(delta) ?? delta;
        }

        return History.Merge(states.Where(static state => state is not null)!);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Form(StateRecord? record) => record is null ? "" : Encoding.UTF8.GetString(StateJson.ToPayload(record.Value!).Content.Span);

    private static void Holds(Func<(byte, byte, byte, byte)[], bool> law) => Prop.ForAll(law).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
}
