using System.Globalization;
using System.Text;
using Virga.State.Keys;
using Virga.State.Mutations;
using Virga.State.Queries;
using Virga.State.Records;
using Virga.State.Time;
using Virga.State.Updates;

namespace Virga.Bench.State;

/// <summary>
/// Sketches without a store: an update is read from its JSON, worked out and merged, as a node does it with what a function sends; then two full sketches of two nodes merge, and what is merged is asked.
/// </summary>
internal sealed class SketchBench(TimeSpan duration)
{
    private const int Filled = 100_000;
    private const int Batch = 100;
    private const int Updates = 2048;
    private const int UpdatesPerCall = 20;

    private static readonly (string Kind, string Question)[] Kinds =
    [
        ("hyperLogLog", """{"hyperLogLog":"estimate"}"""),
        ("theta", """{"theta":"estimate"}"""),
        ("bloom", """{"bloom":{"has":"visitor-1"}}"""),
        ("countMin", """{"countMin":{"count":"visitor-1"}}"""),
        ("topK", """{"topK":{"top":10}}"""),
        ("quantiles", """{"quantiles":{"at":[0.5,0.99]}}"""),
        ("reservoir", """{"reservoir":{"sample":10}}"""),
    ];

    public IReadOnlyList<Figure> Run()
    {
        var figures = new List<Figure>();
        foreach (var (kind, question) in Kinds)
        {
            var random = new Random(11);
            var (one, many) = (Make(kind, 1, random), Make(kind, Batch, random));
            var (here, there) = (new Replica(1), new Replica(2));
            for (var i = 0; i < Filled / Batch; i++)
            {
                here.Apply(many[i]);
                there.Apply(many[Updates - 1 - i]);
            }

            var (first, second) = (here.Record!, there.Record!);
            figures.Add(Measure($"{kind}: updates of 1 value", 1, here, one));
            figures.Add(Measure($"{kind}: values, {Batch} to an update", Batch, here, many));
            var merges = Measuring.Throughput($"{kind}: merges of two nodes' sketches", 1, duration, UpdatesPerCall, (_, _) =>
            {
                for (var i = 0; i < UpdatesPerCall; i++)
                {
                    first.Merge(second);
                }
            });
            figures.Add(merges with { Target = string.Create(CultureInfo.InvariantCulture, $"{first.EncodedBytes:N0} bytes each") });
            var both = first.Merge(second);
            var query = StateQuery.Parse(Encoding.UTF8.GetBytes(question));
            figures.Add(Measuring.Throughput(question, 1, duration, UpdatesPerCall, (_, _) =>
            {
                for (var i = 0; i < UpdatesPerCall; i++)
                {
                    query.AnswerOf(both);
                }
            }));
        }

        return figures;
    }

    private Figure Measure(string name, int values, Replica replica, byte[][] updates)
    {
        Run(duration / 5);
        return Run(duration);

        Figure Run(TimeSpan time) => Measuring.Throughput(name, 1, time, UpdatesPerCall * values, (_, call) =>
        {
            for (var i = 0; i < UpdatesPerCall; i++)
            {
                replica.Apply(updates[((call * UpdatesPerCall) + i) % Updates]);
            }
        });
    }

    // Some values far more often than others, most of them a few times.
    private static byte[][] Make(string kind, int values, Random random) =>
    [
        .. Enumerable.Range(0, Updates).Select(_ =>
        {
            var list = string.Join(',', Enumerable.Range(0, values).Select(_ => Math.Pow(random.NextDouble(), 3) * 100_000).Select(value => kind == "quantiles"
                ? value.ToString("0.00", CultureInfo.InvariantCulture)
                : string.Create(CultureInfo.InvariantCulture, $"\"visitor-{(int)value}\"")));
            return Encoding.UTF8.GetBytes($$$"""{"{{{kind}}}":{"add":[{{{list}}}]}}""");
        }),
    ];

    private sealed class Replica(ulong id)
    {
        private ulong _now = HybridTimestamp.At(1000).Value;

        public StateRecord? Record { get; private set; }

        public void Apply(byte[] json)
        {
            var delta = StateUpdate.Parse(json).Delta(Record, new MutationContext(new HybridTimestamp(++_now), new ReplicaId(id), 1000));
            Record = Record is null ? delta : Record.Merge(delta);
        }
    }
}
