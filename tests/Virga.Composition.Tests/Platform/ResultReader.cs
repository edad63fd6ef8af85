using System.Text;
using Virga.State.Binary;
using Virga.State.Lattices;
using Virga.State.Records;

namespace Virga.Composition.Tests.Platform;

/// <summary>Reads the results of one state request, one after the other; each must be as expected.</summary>
internal sealed class ResultReader
{
    private readonly byte[] _answer;
    private int _at;

    private ResultReader(byte[] answer, int at)
    {
        _answer = answer;
        _at = at;
    }

    public static ResultReader Of(byte[] answer)
    {
        var reader = new ByteReader(answer);
        reader.ReadVarint();
        var results = new ResultReader(answer, answer.Length - reader.Rest.Length);
        return results;
    }

    /// <summary>The next result; what stands at the beginning of the first needs none.</summary>
    public ResultReader Next() => this;

    public byte Byte()
    {
        Begin();
        return _answer[_at++];
    }

    public long Signed()
    {
        Begin();
        var reader = Rest();
        var value = reader.ReadSigned();
        Advance(reader);
        return value;
    }

    public StateVersion Version()
    {
        Begin();
        return NextVersion();
    }

    public StateVersion NextVersion()
    {
        var version = StateVersion.Read(_answer.AsSpan(_at));
        _at += StateVersion.Bytes;
        return version;
    }

    public (PayloadTag Tag, string Text) Value()
    {
        // Of a get the value follows its kind; of others it is the result.
        if (!_inside)
        {
            Begin();
        }

        var reader = Rest();
        var value = reader.ReadBytes().ToArray();
        Advance(reader);
        return ((PayloadTag)value[0], Encoding.UTF8.GetString(value.AsSpan(1)));
    }

    public string Problem()
    {
        NextProblem(out var type);
        return type;
    }

    public ResultReader NextProblem(out string type)
    {
        _answer[_at++].ShouldBe((byte)1, "a problem was expected");
        _inside = false;
        var reader = Rest();
        type = AskingFunctions.ReadProblem(ref reader)["type"]!.GetValue<string>();
        Advance(reader);
        return this;
    }

    public List<string> Keys(out bool more)
    {
        Begin();
        var reader = Rest();
        var keys = new List<string>();
        for (var left = reader.ReadVarint(); left > 0; left--)
        {
            keys.Add($"{reader.ReadText()} {reader.ReadText()}");
        }

        more = reader.ReadByte() == 1;
        Advance(reader);
        return keys;
    }

    public ulong Changes(out List<string> changes)
    {
        Begin();
        var reader = Rest();
        var cursor = reader.ReadVarint();
        changes = [];
        for (var left = reader.ReadVarint(); left > 0; left--)
        {
            var key = reader.ReadText();
            changes.Add(reader.ReadByte() == 0 ? $"{key} deleted" : $"{key}={Encoding.UTF8.GetString(reader.ReadBytes()[1..])}");
        }

        Advance(reader);
        return cursor;
    }

    private bool _inside;

    private void Begin()
    {
        var first = _answer[_at++];
        first.ShouldBe((byte)0, first == 1 ? Encoding.UTF8.GetString(_answer.AsSpan(_at)) : "no result begins here");
        _inside = true;
    }

    private ByteReader Rest() => new(_answer.AsSpan(_at));

    private void Advance(ByteReader reader)
    {
        _at = _answer.Length - reader.Rest.Length;
        _inside = false;
    }
}
