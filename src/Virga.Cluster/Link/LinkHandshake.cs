using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Virga.Core.Names;

namespace Virga.Cluster.Link;

/// <summary>
/// Proves to both ends of a connection that the other knows the cluster's secret, without sending it (HMAC-SHA256 over both ends' random numbers and names).
/// The one who dials: <c>"VIRGALNK", u16 version, 32 random bytes, its name, the name it wants</c>; the other: the same with its own name and the dialler's, then its
/// proof; the dialler: its proof. A proof is of one side and of one handshake only: it cannot be used again.
/// </summary>
internal static class LinkHandshake
{
    private const ushort Version = 1;
    private const int NonceLength = 32;
    private const int ProofLength = 32;
    private const int MaxName = 128;

    private static ReadOnlySpan<byte> Magic => "VIRGALNK"u8;

    /// <summary>The dialler's part.</summary>
    /// <exception cref="LinkRefusedException">The other is no node of this cluster, or not the one that was wanted.</exception>
    public static async Task DialAsync(Stream stream, NodeName self, NodeName wanted, byte[] secret, CancellationToken cancellation)
    {
        var mine = Hello(self, wanted);
        await stream.WriteAsync(mine, cancellation);
        var theirs = await ReadHelloAsync(stream, cancellation);
        var proof = new byte[ProofLength];
        await ReadAsync(stream, proof, cancellation);
        if (!CryptographicOperations.FixedTimeEquals(proof, Prove(secret, "accept"u8, mine, theirs.Bytes)))
        {
            throw new LinkRefusedException("It does not know the cluster's secret.");
        }

        if (theirs.Self != wanted || theirs.Wanted != self)
        {
            throw new LinkRefusedException($"It is the node '{theirs.Self}', not '{wanted}'.");
        }

        await stream.WriteAsync(Prove(secret, "dial"u8, mine, theirs.Bytes), cancellation);
    }

    /// <summary>The part of the one who was dialled.</summary>
    /// <returns>Who dialled.</returns>
    /// <exception cref="LinkRefusedException">The other is no node of this cluster, or wants another one.</exception>
    public static async Task<NodeName> AcceptAsync(Stream stream, NodeName self, byte[] secret, CancellationToken cancellation)
    {
        var theirs = await ReadHelloAsync(stream, cancellation);
        if (theirs.Wanted != self)
        {
            throw new LinkRefusedException($"It wants the node '{theirs.Wanted}'.");
        }

        var mine = Hello(self, theirs.Self);
        await stream.WriteAsync(mine, cancellation);
        await stream.WriteAsync(Prove(secret, "accept"u8, theirs.Bytes, mine), cancellation);
        var proof = new byte[ProofLength];
        await ReadAsync(stream, proof, cancellation);
        return CryptographicOperations.FixedTimeEquals(proof, Prove(secret, "dial"u8, theirs.Bytes, mine))
            ? theirs.Self
            : throw new LinkRefusedException("It does not know the cluster's secret.");
    }

    private static byte[] Prove(byte[] secret, ReadOnlySpan<byte> side, byte[] dialler, byte[] acceptor)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        mac.AppendData(side);
        mac.AppendData(dialler);
        mac.AppendData(acceptor);
        return mac.GetHashAndReset();
    }

    private static byte[] Hello(NodeName self, NodeName wanted)
    {
        var name = Encoding.UTF8.GetBytes(self.Value);
        var other = Encoding.UTF8.GetBytes(wanted.Value);
        var hello = new byte[Magic.Length + 2 + NonceLength + 1 + name.Length + 1 + other.Length];
        var rest = hello.AsSpan();
        Magic.CopyTo(rest);
        rest = rest[Magic.Length..];
        BinaryPrimitives.WriteUInt16LittleEndian(rest, Version);
        RandomNumberGenerator.Fill(rest.Slice(2, NonceLength));
        rest = rest[(2 + NonceLength)..];
        rest[0] = (byte)name.Length;
        name.CopyTo(rest[1..]);
        rest = rest[(1 + name.Length)..];
        rest[0] = (byte)other.Length;
        other.CopyTo(rest[1..]);
        return hello;
    }

    private static async Task<(NodeName Self, NodeName Wanted, byte[] Bytes)> ReadHelloAsync(Stream stream, CancellationToken cancellation)
    {
        var bytes = new MemoryStream();
        var start = await TakeAsync(stream, bytes, Magic.Length + 2, cancellation);
        if (!start.AsSpan(0, Magic.Length).SequenceEqual(Magic))
        {
            throw new LinkRefusedException("It does not speak the protocol of Virga's nodes.");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(Magic.Length)) is var version and not Version)
        {
            throw new LinkRefusedException($"It speaks version {version} of the nodes' protocol, this node version {Version}.");
        }

        await TakeAsync(stream, bytes, NonceLength, cancellation);
        var name = await TakeNameAsync(stream, bytes, cancellation);
        var wanted = await TakeNameAsync(stream, bytes, cancellation);
        return (name, wanted, bytes.ToArray());
    }

    private static async Task<NodeName> TakeNameAsync(Stream stream, MemoryStream all, CancellationToken cancellation)
    {
        var length = (await TakeAsync(stream, all, 1, cancellation))[0];
        var text = length <= MaxName ? Encoding.UTF8.GetString(await TakeAsync(stream, all, length, cancellation)) : "";
        return ResourceName.TryParse(text, out var name) ? new NodeName(name) : throw new LinkRefusedException("It has no valid name.");
    }

    private static async Task<byte[]> TakeAsync(Stream stream, MemoryStream all, int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        await ReadAsync(stream, bytes, cancellation);
        all.Write(bytes);
        return bytes;
    }

    private static async Task ReadAsync(Stream stream, byte[] bytes, CancellationToken cancellation)
    {
        try
        {
            await stream.ReadExactlyAsync(bytes, cancellation);
        }
        catch (EndOfStreamException e)
        {
            throw new LinkRefusedException("It closed the connection before it had proved itself.", e);
        }
    }
}
