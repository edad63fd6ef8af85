using System.Globalization;
using System.Text;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Time;
using Virga.State.Updates;

namespace Virga.State.Tests.Lattices;

/// <summary>
/// Three replicas that write one key, each by its own clock (one is ahead, one behind, and none hears of the others'), and that pass each other what they wrote or all that they
/// have: whatever the steps say. Keeps every record that came to be.
/// </summary>
internal sealed class History
{
    private static readonly ReplicaId[] Replicas = [new(7), new(1), new(ulong.MaxValue)];
    private static readonly long[] Skew = [0, 400, -700];

    private readonly string _kind;
    private readonly StateRecord?[] _states = new StateRecord?[Replicas.Length];
    private readonly ulong[] _clocks = new ulong[Replicas.Length];
    private long _now = 1_000_000;

    private History(string kind) => _kind = kind;

    /// <summary>What each write added, in the order of the writes.</summary>
    public List<StateRecord> Deltas { get; } = [];

    /// <summary>All that any replica ever held.</summary>
    public List<StateRecord> Records { get; } = [];

    /// <summary>What the replicas hold in the end.</summary>
    public IEnumerable<StateRecord> States => _states.Where(static state => state is not null)!;

    /// <summary>What histories may be of: a kind, registers that expire, or all of them under one key.</summary>
    public static TheoryData<string> Kinds => [.. AllKinds, "expiring", "mixed"];

    private static string[] AllKinds { get; } = ["lww", "causal", "counter", "growSet", "set", "orderedSet", "map", "max", "min", "flag", "log", "hyperLogLog", "countMin", "quantiles", "topK", "bloom", "theta", "reservoir"];

    /// <summary>A history of one kind, or of all of them under one key.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="steps">For each step who acts, what it does, with what, and whom it listens to.</param>
    /// <param name="deletes">Whether the key is deleted now and then.</param>
    public static History Of(string kind, IEnumerable<(byte Who, byte Act, byte Argument, byte Whom)> steps, bool deletes = true)
    {
        var history = new History(kind);
        foreach (var (who, act, argument, whom) in steps)
        {
            history.Step(who % Replicas.Length, act % 10, argument, whom, deletes);
        }

        return history;
    }

    public static string Bytes(StateRecord? record) => record is null ? "" : Convert.ToHexString(RecordEncoding.ToBytes(record));

    public static StateRecord? Merge(IEnumerable<StateRecord> records) =>
        records.Aggregate((StateRecord?)null, static (merged, next) => merged is null ? next : merged.Merge(next));

    private void Step(int who, int act, byte argument, byte whom, bool deletes)
    {
        _now += argument % 7;
        switch (act)
        {
            case 0 when deletes:
                Write(who, new DeleteMutation(), argument);
                break;
            case 1 or 2 when _states[whom % Replicas.Length] is { } state:
                Take(who, state);
                break;
            case 3 when Deltas.Count > 0:
                Take(who, Deltas[whom % Deltas.Count]);
                break;
            default:
                Write(who, Mutation(_kind, argument), argument);
                break;
        }
    }

    private void Write(int who, StateMutation mutation, byte argument)
    {
        var clock = Math.Max(_clocks[who] + 1, HybridTimestamp.At(_now + Skew[who]).Value);
        _clocks[who] = clock;
        var causal = _kind == "causal" ? argument % 5 != 0 : argument % 4 == 0;
        var dependencies = causal
            ? Causality.NoDependencies.Add($"k{argument % 3}", VectorClock.Of(Replicas[argument % Replicas.Length], (ulong)(1 + (argument % 9))))
            : null;
        try
        {
            var delta = mutation.Delta(_states[who], new MutationContext(new HybridTimestamp(clock), Replicas[who], _now + Skew[who], dependencies));
            Deltas.Add(delta);
            Records.Add(delta);
            Take(who, delta);
        }
        catch (ProblemException e) when (e.Problem.Type.EndsWith("state-kind-mismatch", StringComparison.Ordinal) && _kind is "mixed" or "map" or "expiring")
        {
            // As it should be: the key, or the field, holds another kind.
        }
        catch (ProblemException e) when (e.Problem.Detail!.Contains("keeps its size", StringComparison.Ordinal))
        {
            // As it should be: the sketch was begun with another size. Where replicas begin it without knowing of each other, sizes meet.
        }
    }

    private void Take(int who, StateRecord record)
    {
        _states[who] = _states[who] is { } state ? state.Merge(record) : record;
        Records.Add(_states[who]!);
    }

    private static StateMutation Mutation(string kind, byte argument) => kind switch
    {
        "causal" => new PutMutation(Payload.Of(PayloadTag.Text, [argument])),
        "expiring" => argument % 3 == 0 ? new IncrementMutation(argument) : new PutMutation(Payload.Of(PayloadTag.Bytes, [argument]), argument % 2 == 0 ? TimeSpan.FromMilliseconds(argument) : null),
        "mixed" => argument % 12 == 11 ? new PutMutation(Payload.Of(PayloadTag.Text, [argument]), TimeSpan.FromMilliseconds(argument)) : Mutation(AllKinds[argument % AllKinds.Length], (byte)(argument / 3)),
        _ => StateUpdate.Parse(Encoding.UTF8.GetBytes(Json(kind, argument))),
    };

    // With E for one of six elements, N for a number, K for one of five, ~ for the name that has a K.
    private static string Json(string kind, byte argument)
    {
        var form = (kind, argument % 4) switch
        {
            ("lww", _) => """{"lww":N}""",
            ("counter", 0) => """{"counter":{"increment":-N}}""",
            ("counter", _) => """{"counter":{"increment":N}}""",
            ("growSet", _) => """{"growSet":{"add":["E",N]}}""",
            ("set", 0) => """{"set":{"remove":[E]}}""",
            ("set", 1) => """{"set":{"add":[E,"x"],"remove":["y"]}}""",
            ("set", _) => """{"set":{"add":[E]}}""",
            ("orderedSet", 0) => """{"orderedSet":{"remove":[E]}}""",
            ("orderedSet", _) => """{"orderedSet":{"add":[{"member":E,"score":N}]}}""",
            ("map", 0) => """{"map":{"remove":["fE"]}}""",
            ("map", 1) => """{"map":{"put":{"fE":N},"remove":["g"]}}""",
            ("map", 2) => """{"map":{"update":{"fE":{"counter":{"increment":N}}}}}""",
            ("map", _) => """{"map":{"update":{"m":{"map":{"update":{"s":{"set":{"add":[N]}}}}},"f1":{"max":N}}}}""",
            ("max", _) => """{"max":N.5}""",
            ("min", _) => """{"min":N.5}""",
            ("flag", _) => """{"flag":true}""",
            ("log", 0) => """{"log":{"append":[N,"N"],"keep":K}}""",
            ("log", _) => """{"log":{"append":[N]}}""",
            ("hyperLogLog", 0) => """{"hyperLogLog":{"add":[N,"N","aN"],"precision":4}}""",
            ("hyperLogLog", 1) => """{"hyperLogLog":{"add":["bN","cN"],"precision":6}}""",
            ("hyperLogLog", _) => """{"hyperLogLog":{"add":[N,"dN"]}}""",
            ("countMin", 0) => """{"countMin":{"add":[E,E,"x"],"error":0.3,"confidence":0.9}}""",
            ("countMin", 1) => """{"countMin":{"weighted":[{"value":E,"weight":K}],"error":0.1,"confidence":0.8}}""",
            ("countMin", _) => """{"countMin":{"add":[E],"weighted":[{"value":"y","weight":1N}]}}""",
            ("quantiles", 0) => """{"quantiles":{"add":[N,1N,E,-N,N.5,N.25,2N,7,K,0.5,0.25,E.125,3N],"size":8}}""",
            ("quantiles", 1) => """{"quantiles":{"add":[N,E,K],"size":9}}""",
            ("quantiles", _) => """{"quantiles":{"add":[N,1N,2N,3N,4N,1E,2E,3E]}}""",
            ("topK", 0) => """{"~":{"add":[N,E,E],"size":3}}""",
            ("topK", 1) => """{"~":{"weighted":[{"value":"N","weight":K}],"size":4}}""",
            ("topK", _) => """{"~":{"add":[E,"E",N,"aN","bN","cN","dN","x","y"]}}""",
            ("bloom", 0) => """{"bloom":{"add":[N,"N"],"capacity":5,"falsePositives":0.1}}""",
            ("bloom", 1) => """{"bloom":{"add":["aN","bN"],"capacity":20,"falsePositives":0.05}}""",
            ("bloom", _) => """{"bloom":{"add":[N]}}""",
            ("theta", 0) => """{"theta":{"add":[N,"N","aN","bN","cN"],"size":16}}""",
            ("theta", 1) => """{"theta":{"add":["dN","eN"],"size":20}}""",
            ("theta", _) => """{"theta":{"add":[N,"fN"]}}""",
            ("reservoir", 0) => """{"reservoir":{"add":[N,"N"],"size":2}}""",
            ("reservoir", 1) => """{"reservoir":{"add":["N"],"size":5}}""",
            ("reservoir", _) => """{"reservoir":{"add":[E],"weighted":[{"value":"x","weight":K.5}]}}""",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
        return form
            .Replace("E", (argument % 6).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("N", argument.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("K", (1 + (argument % 5)).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("~", "topK", StringComparison.Ordinal);
    }
}
