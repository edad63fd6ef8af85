using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Virga.Core.Dags;
using Virga.Core.Resources;

namespace Virga.Composition.Dags.Messages;

/// <summary>
/// DAGs by the digest of their spec. A step goes to another node with the digest alone; a node that does not know it is sent the spec once, so that a run goes on with the DAG
/// that it began with, whatever the other node has heard of changes.
/// </summary>
internal sealed class DagDigests
{
    // Of each a spec and a graph; when there are more, all are forgotten and sent again.
    private const int MaxKnown = 1000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly ConditionalWeakTable<Dag, Form> _forms = [];
    private readonly ConcurrentDictionary<UInt128, Dag> _known = new();

    /// <summary>A DAG's digest and spec.</summary>
    public (UInt128 Digest, byte[] Spec) Of(Dag dag)
    {
        var form = _forms.GetValue(dag, static dag => new Form(dag));
        return (form.Digest, form.Spec);
    }

    /// <summary>A DAG that came with a spec before; null when it has to be asked for.</summary>
    public Dag? Find(DagName name, long version, UInt128 digest) =>
        _known.TryGetValue(digest, out var dag) ? (dag.Name == name && dag.Version == version ? dag : dag with { Name = name, Version = version }) : null;

    /// <summary>Works out a spec that came.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    /// <exception cref="Core.Problems.ProblemException">It breaks a rule.</exception>
    public Dag Learn(DagName name, long version, byte[] spec)
    {
        var read = JsonSerializer.Deserialize<DagSpec>(spec, Json) ?? throw new JsonException("The spec is null.");
        var dag = new Dag(name, version, read, DagRules.Bind(read));
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[DigestOf(spec)] = dag;
        return dag;
    }

    private static UInt128 DigestOf(byte[] spec)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(spec, digest);
        return new UInt128(BinaryPrimitives.ReadUInt64LittleEndian(digest), BinaryPrimitives.ReadUInt64LittleEndian(digest[8..]));
    }

    private sealed class Form
    {
        public Form(Dag dag)
        {
            Spec = JsonSerializer.SerializeToUtf8Bytes(dag.Spec, Json);
            Digest = DigestOf(Spec);
        }

        public UInt128 Digest { get; }

        public byte[] Spec { get; }
    }
}
