using Google.Protobuf.Collections;
using Virga.Pulsar.Protocol;

namespace Virga.Pulsar.Commands;

/// <summary>Properties, as the protocol has them.</summary>
internal static class Pairs
{
    /// <summary>As the broker has them.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(RepeatedField<KeyValue> pairs)
    {
        if (pairs.Count == 0)
        {
            return [];
        }

        var read = new KeyValuePair<string, string>[pairs.Count];
        for (var i = 0; i < read.Length; i++)
        {
            read[i] = new KeyValuePair<string, string>(pairs[i].Key, pairs[i].Value);
        }

        return read;
    }
}
