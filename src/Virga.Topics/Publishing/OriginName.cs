using System.Globalization;
using System.Text;
using Virga.Topics.Messages;
using Virga.Topics.Replication;

namespace Virga.Topics.Publishing;

/// <summary>The name by which what comes from one topic of another cluster is told apart, kept so that it is not made for each entry.</summary>
internal sealed class OriginName
{
    private readonly byte[] _cluster;
    private readonly long _incarnation;

    public OriginName(in MessageHeader header)
    {
        (_cluster, _incarnation) = (header.ReplicatedFrom.ToArray(), header.Source.Incarnation);
        Value = string.Create(CultureInfo.InvariantCulture, $"{ReplicationCursor.Prefix}{Encoding.UTF8.GetString(_cluster)}@{_incarnation:x}");
    }

    public string Value { get; }

    public bool IsThatOf(in MessageHeader header) => header.Source.Incarnation == _incarnation && header.ReplicatedFrom.Span.SequenceEqual(_cluster);
}
