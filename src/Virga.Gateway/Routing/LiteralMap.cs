using System.Numerics;

namespace Virga.Gateway.Routing;

/// <summary>
/// A persistent map from text to a value: a hash trie of 32-way nodes (Bagwell, "Ideal Hash Trees", 2001). A change copies the few small
/// nodes on its path and shares the rest, so that one route among many thousands costs the same as one among ten; a look-up takes
/// a span, so that no segment of a request becomes a string.
/// </summary>
internal sealed class LiteralMap<T>
    where T : class
{
    public static readonly LiteralMap<T> Empty = new(Branch.Empty);

    private const int BitsPerLevel = 5;
    private const int HashBits = 32;

    private readonly Branch _root;

    private LiteralMap(Branch root) => _root = root;

    public bool IsEmpty => _root.Bitmap == 0;

    public T? Find(ReadOnlySpan<char> key)
    {
        var hash = Hash(key);
        Node node = _root;
        for (var shift = 0; ; shift += BitsPerLevel)
        {
            if (node is Leaf leaf)
            {
                return leaf.Find(hash, key);
            }

            var branch = (Branch)node;
            var bit = 1u << (int)((hash >> shift) & 31);
            if ((branch.Bitmap & bit) == 0)
            {
                return null;
            }

            node = branch.Children[branch.IndexOf(bit)];
        }
    }

    public LiteralMap<T> With(string key, T value) => new(Put(_root, 0, new Leaf(Hash(key), key, value, null)));

    public LiteralMap<T> Without(string key)
    {
        var root = Remove(_root, 0, Hash(key), key);
        return ReferenceEquals(root, _root) ? this : root is null ? Empty : new LiteralMap<T>((Branch)root);
    }

    private static uint Hash(ReadOnlySpan<char> key) => (uint)string.GetHashCode(key, StringComparison.Ordinal);

    private static Branch Put(Branch branch, int shift, Leaf leaf)
    {
        var bit = 1u << (int)((leaf.Hash >> shift) & 31);
        var index = branch.IndexOf(bit);
        if ((branch.Bitmap & bit) == 0)
        {
            return new Branch(branch.Bitmap | bit, [.. branch.Children.AsSpan(0, index), leaf, .. branch.Children.AsSpan(index)]);
        }

        return branch.Replace(index, branch.Children[index] switch
        {
            Branch inner => Put(inner, shift + BitsPerLevel, leaf),
            Leaf other => Join(other, leaf, shift + BitsPerLevel),
            _ => throw new InvalidOperationException("A node is a branch or a leaf."),
        });
    }

    private static Node Join(Leaf existing, Leaf added, int shift)
    {
        if (existing.Hash == added.Hash)
        {
            var rest = existing.Without(added.Key);
            return new Leaf(added.Hash, added.Key, added.Value, rest);
        }

        // Different hashes part at the latest on the level that holds their last bits.
        System.Diagnostics.Debug.Assert(shift < HashBits, "Leaves with different hashes must part.");
        var bit = 1u << (int)((existing.Hash >> shift) & 31);
        return Put(new Branch(bit, [existing]), shift, added);
    }

    private static Node? Remove(Node node, int shift, uint hash, string key)
    {
        if (node is Leaf leaf)
        {
            return leaf.Hash == hash ? leaf.Without(key) : leaf;
        }

        var branch = (Branch)node;
        var bit = 1u << (int)((hash >> shift) & 31);
        if ((branch.Bitmap & bit) == 0)
        {
            return branch;
        }

        var index = branch.IndexOf(bit);
        var child = branch.Children[index];
        var replacement = Remove(child, shift + BitsPerLevel, hash, key);
        if (ReferenceEquals(child, replacement))
        {
            return branch;
        }

        if (replacement is not null)
        {
            return branch.Replace(index, replacement);
        }

        return branch.Children.Length == 1 ? null : new Branch(branch.Bitmap & ~bit, [.. branch.Children.AsSpan(0, index), .. branch.Children.AsSpan(index + 1)]);
    }

    private abstract class Node;

    private sealed class Branch(uint bitmap, Node[] children) : Node
    {
        public static readonly Branch Empty = new(0, []);

        public readonly uint Bitmap = bitmap;
        public readonly Node[] Children = children;

        public int IndexOf(uint bit) => BitOperations.PopCount(Bitmap & (bit - 1));

        public Branch Replace(int index, Node child)
        {
            var copy = (Node[])Children.Clone();
            copy[index] = child;
            return new Branch(Bitmap, copy);
        }
    }

    // Keys whose whole hashes are equal hang in a chain.
    private sealed class Leaf(uint hash, string key, T value, Leaf? next) : Node
    {
        public readonly uint Hash = hash;
        public readonly string Key = key;
        public readonly T Value = value;

        public T? Find(uint hash, ReadOnlySpan<char> key)
        {
            if (Hash != hash)
            {
                return null;
            }

            for (var leaf = this; leaf is not null; leaf = leaf.Next)
            {
                if (key.SequenceEqual(leaf.Key))
                {
                    return leaf.Value;
                }
            }

            return null;
        }

        public Leaf? Without(string key)
        {
            if (Key == key)
            {
                return Next;
            }

            var rest = Next?.Without(key);
            return ReferenceEquals(rest, Next) ? this : new Leaf(Hash, Key, Value, rest);
        }

        private Leaf? Next { get; } = next;
    }
}
