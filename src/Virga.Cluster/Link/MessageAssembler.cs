using System.Buffers;
using System.Buffers.Binary;

namespace Virga.Cluster.Link;

/// <summary>Puts the pieces of longer messages together. What a peer can make it hold is bounded.</summary>
internal sealed class MessageAssembler(LinkOptions options) : IDisposable
{
    private readonly Dictionary<(LinkFrameKind Kind, ulong Id), Partial> _partial = [];
    private long _held;

    /// <summary>Takes a piece.</summary>
    /// <returns>The whole message, whose array is the caller's from then on and comes from the shared pool; null while pieces are missing.</returns>
    /// <exception cref="LinkRefusedException">The piece fits nowhere, or there are too many messages in pieces.</exception>
    public (byte[] Body, int Length)? Take(in LinkFrame frame)
    {
        var key = (frame.Kind, frame.Id);
        var body = frame.Body;
        if (frame.Flags == LinkFrame.First)
        {
            _partial.Add(key, Begin(key, ref body));
        }

        if (!_partial.TryGetValue(key, out var partial) || body.Length > partial.Length - partial.Filled)
        {
            throw new LinkRefusedException("A piece belongs to no message.");
        }

        body.CopyTo(partial.Body.AsSpan(partial.Filled));
        partial.Filled += (int)body.Length;
        if (partial.Filled < partial.Length)
        {
            return null;
        }

        _partial.Remove(key);
        _held -= partial.Length;
        return (partial.Body, partial.Length);
    }

    public void Dispose()
    {
        foreach (var partial in _partial.Values)
        {
            ArrayPool<byte>.Shared.Return(partial.Body);
        }

        _partial.Clear();
    }

    private Partial Begin((LinkFrameKind Kind, ulong Id) key, ref ReadOnlySequence<byte> body)
    {
        if (body.Length < sizeof(int) || _partial.ContainsKey(key))
        {
            throw new LinkRefusedException("A message in pieces begins wrongly.");
        }

        Span<byte> field = stackalloc byte[sizeof(int)];
        body.Slice(0, sizeof(int)).CopyTo(field);
        var length = BinaryPrimitives.ReadInt32LittleEndian(field);
        if (length < 1 || length > options.MaxMessage || _held + length > options.AssemblyBytes)
        {
            throw new LinkRefusedException($"A message of {length} bytes is more than is taken.");
        }

        _held += length;
        body = body.Slice(sizeof(int));
        return new Partial(ArrayPool<byte>.Shared.Rent(length), length);
    }

    private sealed class Partial(byte[] body, int length)
    {
        public byte[] Body => body;

        public int Length => length;

        public int Filled { get; set; }
    }
}
