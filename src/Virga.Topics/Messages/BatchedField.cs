namespace Virga.Topics.Messages;

/// <summary>The numbers of the fields of the metadata that each message of a batch has of its own in Pulsar's protocol (<c>SingleMessageMetadata</c>).</summary>
internal static class BatchedField
{
    public const int Properties = 1;
    public const int Key = 2;
    public const int PayloadSize = 3;
    public const int IsCompactedOut = 4;
    public const int EventAt = 5;
    public const int KeyIsBase64 = 6;
    public const int OrderingKey = 7;
    public const int SequenceId = 8;
    public const int IsTombstone = 9;
    public const int KeyIsNull = 10;
}
