using System.Buffers;
using Virga.Composition.Platform;
using Virga.Core.Problems;
using Virga.State.Binary;
using Virga.State.Json;
using Virga.State.Lattices;
using Virga.State.Records;
using Virga.State.Stores;

namespace Virga.Composition.States;

/// <summary>Writes the results of commands, and knows when the answer is full.</summary>
internal sealed class StateResults(IBufferWriter<byte> answer)
{
    /// <summary>The greatest answer, in bytes; the channel takes a little more.</summary>
    private const int MaxBytes = (17 << 20) - (64 << 10);

    // What stands around a value: its kind, length and version.
    private const int Around = 32;

    private const byte Absent = 0;
    private const byte Present = 1;
    private const byte Unchanged = 2;
    private const byte Siblings = 3;

    private long _written;

    /// <summary>Whether a result of the greatest size would still fit.</summary>
    public bool HasRoom => _written <= MaxBytes - Payload.MaxBytes;

    /// <summary>How many bytes fit.</summary>
    public long Room => MaxBytes - _written;

    /// <summary>A command could not be carried out.</summary>
    public void Fail(Problem problem)
    {
        _written += 512;
        answer.WriteFailedResult(problem);
    }

    /// <summary>What a get found.</summary>
    public void Found(StateRecord? record, in StateCommand command)
    {
        if (record?.Value is not { } value)
        {
            Small(Absent);
            return;
        }

        if (command.HasVersion && record.Version == command.Version)
        {
            Small(Unchanged);
            return;
        }

        if (value is CausalRegister { Versions.Count: > 1 } register)
        {
            WriteSiblings(record, register, command.WantsVersion);
            return;
        }

        var payload = value is LwwRegister plain ? plain.Payload : StateJson.ToPayload(value);
        if (!Fits(payload.Bytes.Length))
        {
            return;
        }

        answer.WriteOk();
        answer.WriteByte(Present);
        WriteVersion(record, command.WantsVersion);
        answer.WriteBytes(payload.Bytes.Span);
    }

    /// <summary>The version that a put has made.</summary>
    public void Version(StateRecord record)
    {
        _written += Around;
        answer.WriteOk();
        WriteVersion(record, wanted: true);
    }

    /// <summary>Yes or no.</summary>
    public void Flag(bool value) => Small(value ? Present : Absent);

    /// <summary>A number.</summary>
    public void Number(long value)
    {
        _written += Around;
        answer.WriteOk();
        answer.WriteSigned(value);
    }

    /// <summary>A value.</summary>
    public void Value(Payload payload)
    {
        if (Fits(payload.Bytes.Length))
        {
            answer.WriteOk();
            answer.WriteBytes(payload.Bytes.Span);
        }
    }

    /// <summary>Keys.</summary>
    public void Keys(IReadOnlyList<StateDelta> items, bool hasMore)
    {
        answer.WriteOk();
        answer.WriteVarint((ulong)items.Count);
        foreach (var (key, record) in items)
        {
            _written += (key.Text.Length * 3) + Around;
            answer.WriteText(key.Text);
            answer.WriteText(record.Value!.Kind.ToName());
        }

        answer.WriteByte(hasMore ? Present : Absent);
    }

    /// <summary>Changes.</summary>
    public void Changes(IReadOnlyList<(string Key, Payload? Value)> items, long cursor)
    {
        answer.WriteOk();
        answer.WriteVarint((ulong)(cursor + 1));
        answer.WriteVarint((ulong)items.Count);
        foreach (var (key, value) in items)
        {
            _written += (key.Length * 3) + (value?.Bytes.Length ?? 0) + Around;
            answer.WriteText(key);
            answer.WriteByte(value is null ? Absent : Present);
            if (value is { } payload)
            {
                answer.WriteBytes(payload.Bytes.Span);
            }
        }
    }

    private void WriteSiblings(StateRecord record, CausalRegister register, bool versionWanted)
    {
        long size = 0;
        foreach (var version in register.Versions)
        {
            size += version.Payload.Bytes.Length + Around;
        }

        if (!Fits(size))
        {
            return;
        }

        answer.WriteOk();
        answer.WriteByte(Siblings);
        WriteVersion(record, versionWanted);
        answer.WriteVarint((ulong)register.Versions.Count);
        foreach (var version in register.Versions)
        {
            answer.WriteBytes(version.Payload.Bytes.Span);
        }
    }

    // Where it does not, the worker asks again; what does not fit into an answer of its own either, such as the JSON of a very large set, cannot be had whole.
    private bool Fits(long bytes)
    {
        var size = bytes + Around;
        if (_written + size <= MaxBytes)
        {
            _written += size;
            return true;
        }

        Fail(size > MaxBytes - Around
            ? KnownProblems.RequestTooLarge($"What the key holds has {bytes:N0} bytes in this form; an answer may have {MaxBytes:N0}.")
            : KnownProblems.AnswerFull());
        return false;
    }

    private void WriteVersion(StateRecord record, bool wanted)
    {
        if (wanted)
        {
            record.Version.Write(answer.GetSpan(StateVersion.Bytes));
            answer.Advance(StateVersion.Bytes);
        }
    }

    private void Small(byte value)
    {
        _written += 2;
        answer.WriteOk();
        answer.WriteByte(value);
    }
}
