using System.Buffers;
using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.Composition.Tests.Platform;

/// <summary>Requests as runtimes write them.</summary>
internal static class Requests
{
    public static Action<ArrayBufferWriter<byte>> Commands(params Action<ArrayBufferWriter<byte>>[] commands) => output =>
    {
        output.WriteByte(0x01);
        output.WriteVarint((ulong)commands.Length);
        foreach (var command in commands)
        {
            command(output);
        }
    };

    public static Action<ArrayBufferWriter<byte>> Get(string key, bool versionWanted = false, StateVersion? known = null) => output =>
    {
        output.WriteByte(0x01);
        output.WriteText(key);
        output.WriteByte((byte)((versionWanted ? 1 : 0) | (known is null ? 0 : 2)));
        known?.Write(output);
    };

    public static Action<ArrayBufferWriter<byte>> Put(string key, byte[] content, PayloadTag tag = PayloadTag.Bytes, int? ttl = null, StateVersion? expected = null) => output =>
    {
        output.WriteByte(0x02);
        output.WriteText(key);
        output.WriteByte((byte)((ttl is null ? 0 : 1) | (expected is null ? 0 : 2)));
        output.WriteValue(content, tag);
        if (ttl is { } milliseconds)
        {
            output.WriteVarint((ulong)milliseconds);
        }

        expected?.Write(output);
    };

    public static Action<ArrayBufferWriter<byte>> Delete(string key) => output =>
    {
        output.WriteByte(0x03);
        output.WriteText(key);
    };

    public static Action<ArrayBufferWriter<byte>> List(string prefix, string after = "", int limit = 1000) => output =>
    {
        output.WriteByte(0x04);
        output.WriteText(prefix);
        output.WriteText(after);
        output.WriteVarint((ulong)limit);
    };

    public static Action<ArrayBufferWriter<byte>> Watch(string prefix, ulong cursorPlusOne, int milliseconds, int limit = 1000) => output =>
    {
        output.WriteByte(0x05);
        output.WriteText(prefix);
        output.WriteVarint(cursorPlusOne);
        output.WriteVarint((ulong)milliseconds);
        output.WriteVarint((ulong)limit);
    };

    public static Action<ArrayBufferWriter<byte>> Update(string key, string json) => output =>
    {
        output.WriteByte(0x06);
        output.WriteText(key);
        output.WriteText(json);
    };

    public static Action<ArrayBufferWriter<byte>> Query(string key, string json) => output =>
    {
        output.WriteByte(0x07);
        output.WriteText(key);
        output.WriteText(json);
    };

    public static Action<ArrayBufferWriter<byte>> Increment(string key, long amount) => output =>
    {
        output.WriteByte(0x08);
        output.WriteText(key);
        output.WriteSigned(amount);
    };

    public static Action<ArrayBufferWriter<byte>> Call(string function, byte[]? json, bool detached = false, params string[] references) => output =>
    {
        output.WriteByte(0x02);
        output.WriteText(function);
        output.WriteVarint(detached ? 1u : 0u);
        if (json is null)
        {
            output.WriteVarint(0);
        }
        else
        {
            output.WriteValue(json, PayloadTag.Json);
        }

        output.WriteVarint((ulong)references.Length);
        foreach (var key in references)
        {
            output.WriteText(key);
        }
    };

    public static Action<ArrayBufferWriter<byte>> Send(string to, byte[] content) => output =>
    {
        output.WriteByte(0x03);
        output.WriteText(to);
        output.WriteValue(content, PayloadTag.Bytes);
    };

    public static Action<ArrayBufferWriter<byte>> Receive(int milliseconds, int most = 1000) => output =>
    {
        output.WriteByte(0x04);
        output.WriteVarint((ulong)milliseconds);
        output.WriteVarint((ulong)most);
    };

    public static Action<ArrayBufferWriter<byte>> Publish(params Action<ArrayBufferWriter<byte>>[] messages) => output =>
    {
        output.WriteByte(0x05);
        output.WriteVarint((ulong)messages.Length);
        foreach (var message in messages)
        {
            message(output);
        }
    };

    public static Action<ArrayBufferWriter<byte>> Message(string topic, string content, PayloadTag tag = PayloadTag.Json, byte flags = 0, Action<ArrayBufferWriter<byte>>? rest = null) => output =>
    {
        output.WriteText(topic);
        output.WriteByte(flags);
        output.WriteValue(System.Text.Encoding.UTF8.GetBytes(content), tag);
        rest?.Invoke(output);
    };

    private static void WriteValue(this ArrayBufferWriter<byte> output, byte[] content, PayloadTag tag)
    {
        output.WriteVarint((ulong)content.Length + 1);
        output.WriteByte((byte)tag);
        output.Write(content);
    }

    private static void Write(this StateVersion version, ArrayBufferWriter<byte> output)
    {
        version.Write(output.GetSpan(StateVersion.Bytes));
        output.Advance(StateVersion.Bytes);
    }
}
