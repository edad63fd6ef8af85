using System.Buffers;
using System.Collections.Immutable;
using Virga.State.Binary;
using Virga.State.Records;
using Virga.State.Time;

namespace Virga.State.Lattices;

/// <summary>
/// A value whose writers say what they had seen: a version goes when one comes that was written in knowledge of it; versions whose writers did not know of each other
/// stay side by side (multi-value register; Cloudburst, VLDB 2020, section 5.2). Dependencies go with their version, so that they do not pile up.
/// </summary>
public sealed class CausalRegister : Lattice
{
    private readonly CausalVersion[] _versions;

    private CausalRegister(CausalVersion[] versions)
    {
        _versions = versions;
        var clock = versions[0].Clock;
        var dependencies = versions[0].Dependencies;
        var memory = 80;
        foreach (var version in versions)
        {
            clock = clock.Merge(version.Clock);
            dependencies = Causality.Union(dependencies, version.Dependencies);
            memory += version.MemoryBytes;
        }

        Clock = clock;
        Dependencies = dependencies;
        MemoryBytes = memory;
    }

    /// <inheritdoc/>
    public override LatticeKind Kind => LatticeKind.Causal;

    /// <summary>The versions of which none was written in knowledge of another, the newest first; never empty. More than one are siblings.</summary>
    public IReadOnlyList<CausalVersion> Versions => _versions;

    /// <summary>The value for those who want only one: that of the newest version.</summary>
    public Payload Newest => _versions[0].Payload;

    /// <summary>The updates that all versions together include.</summary>
    public VectorClock Clock { get; }

    /// <summary>What all versions together depend on.</summary>
    public ImmutableSortedDictionary<string, VectorClock> Dependencies { get; }

    /// <inheritdoc/>
    public override int MemoryBytes { get; }

    /// <inheritdoc/>
    public override int EncodedBytes => MemoryBytes;

    /// <summary>A register with one version.</summary>
    public static CausalRegister Of(CausalVersion version) => new([version]);

    /// <inheritdoc/>
    public override Lattice Merge(Lattice other)
    {
        var register = SameKind<CausalRegister>(other);
        var kept = new List<CausalVersion>(_versions.Length + register._versions.Length);
        foreach (var version in _versions)
        {
            if (!IsReplaced(version, register._versions))
            {
                kept.Add(version);
            }
        }

        var adds = kept.Count < _versions.Length;
        foreach (var version in register._versions)
        {
            if (!IsReplaced(version, _versions) && Array.BinarySearch(_versions, version) < 0)
            {
                kept.Add(version);
                adds = true;
            }
        }

        if (!adds)
        {
            return this;
        }

        kept.Sort();
        return kept.Count == register._versions.Length && kept.TrueForAll(version => Array.BinarySearch(register._versions, version) >= 0) ? register : new CausalRegister([.. kept]);
    }

    /// <inheritdoc/>
    protected internal override void WriteTo(IBufferWriter<byte> output)
    {
        output.WriteVarint((ulong)_versions.Length);
        foreach (var version in _versions)
        {
            RecordEncoding.WriteClock(output, version.Clock);
            output.WriteUInt64(version.Timestamp.Value);
            RecordEncoding.WriteDependencies(output, version.Dependencies);
            output.WriteBytes(version.Payload.Bytes.Span);
        }
    }

    internal static CausalRegister Read(ref ByteReader reader)
    {
        var versions = new CausalVersion[reader.ReadCount(12)];
        for (var i = 0; i < versions.Length; i++)
        {
            versions[i] = new CausalVersion(
                RecordEncoding.ReadClock(ref reader),
                new HybridTimestamp(reader.ReadUInt64()),
                RecordEncoding.ReadDependencies(ref reader),
                LatticeEncoding.ReadPayload(reader.ReadBytes()));
            if (i > 0 && versions[i].CompareTo(versions[i - 1]) <= 0)
            {
                throw new StateEncodingException("The versions of a causal register are out of order.");
            }
        }

        foreach (var version in versions)
        {
            if (IsReplaced(version, versions))
            {
                throw new StateEncodingException("A causal register has a version that another one replaces.");
            }
        }

        return versions.Length > 0 ? new CausalRegister(versions) : throw new StateEncodingException("A causal register has no version.");
    }

    private static bool IsReplaced(CausalVersion version, CausalVersion[] by)
    {
        foreach (var other in by)
        {
            if (other.Replaces(version))
            {
                return true;
            }
        }

        return false;
    }
}
