using System.Text;
using Virga.Topics.Ledgers.RabbitMq;

namespace Virga.Topics.Tests.Ledgers.RabbitMq;

internal static class StreamRecordBytes
{
    /// <summary>The message of a record with a text as its data.</summary>
    public static byte[] Bytes(this StreamRecord record, string text)
    {
        var data = Encoding.UTF8.GetBytes(text);
        var message = new byte[StreamRecord.Size + data.Length];
        record.Write(message, data);
        return message;
    }
}
