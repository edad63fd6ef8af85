namespace Virga.Topics.Publishing;

/// <summary>What is known of one producer.</summary>
/// <param name="Id">Which of the node's.</param>
/// <param name="Name">Its name.</param>
/// <param name="Access">Who else may publish.</param>
/// <param name="Messages">How many messages it has published since it attached itself.</param>
/// <param name="Bytes">The bytes of its entries.</param>
/// <param name="MessageRate">Messages per second, of late.</param>
/// <param name="ByteRate">Bytes per second, of late.</param>
/// <param name="PendingBytes">Bytes on their way to the disk.</param>
/// <param name="Properties">The producer's own properties.</param>
public sealed record ProducerFigures(
    long Id, string Name, ProducerAccess Access, long Messages, long Bytes, double MessageRate, double ByteRate, long PendingBytes, IReadOnlyList<KeyValuePair<string, string>> Properties);
