using System.Diagnostics.CodeAnalysis;

namespace Virga.Execution.Scaling;

/// <summary>Entries in line by key: the keys take turns, the entries of one key go in order. Keys are told apart by reference.</summary>
internal sealed class FairQueue<T>
{
    private readonly Dictionary<object, LinkedList<T>> _lines = new(ReferenceEqualityComparer.Instance);
    private readonly LinkedList<object> _turns = new();

    /// <summary>Whether nobody is in line.</summary>
    public bool IsEmpty => _turns.Count == 0;

    /// <summary>Goes to the end of its key's line; a key that has no line comes last.</summary>
    public LinkedListNode<T> Add(object key, T entry)
    {
        if (!_lines.TryGetValue(key, out var line))
        {
            _lines.Add(key, line = new LinkedList<T>());
            _turns.AddLast(key);
        }

        return line.AddLast(entry);
    }

    /// <summary>Takes the first of the key whose turn it is.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T entry)
    {
        if (_turns.First is not { } turn)
        {
            entry = default;
            return false;
        }

        var line = _lines[turn.Value];
        entry = line.First!.Value;
        line.RemoveFirst();
        _turns.Remove(turn);
        if (line.Count > 0)
        {
            _turns.AddLast(turn);
        }
        else
        {
            _lines.Remove(turn.Value);
        }

        return true;
    }

    /// <summary>Leaves the line; false when it was taken or has left before.</summary>
    public bool Remove(object key, LinkedListNode<T> entry)
    {
        if (entry.List is not { } line)
        {
            return false;
        }

        line.Remove(entry);
        if (line.Count == 0)
        {
            _lines.Remove(key);
            _turns.Remove(key);
        }

        return true;
    }
}
