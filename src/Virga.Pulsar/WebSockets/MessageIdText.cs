using Google.Protobuf;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Pulsar.Commands;
using Virga.Pulsar.Protocol;
using Virga.Topics.Messages;

namespace Virga.Pulsar.WebSockets;

/// <summary>Message ids as Pulsar's HTTP and WebSocket APIs write them: the protocol's form, in base64.</summary>
internal static class MessageIdText
{
    public static string Write(MessageId id) => Convert.ToBase64String(MessageIds.Write(id, id.Partition).ToByteArray());

    /// <exception cref="ProblemException"><c>invalid-request</c>.</exception>
    public static MessageId Read(string? text)
    {
        try
        {
            return MessageIds.Read(MessageIdData.Parser.ParseFrom(Convert.FromBase64String(text ?? "")));
        }
        catch (Exception e) when (e is FormatException or InvalidProtocolBufferException)
        {
            throw new ProblemException(KnownProblems.InvalidRequest($"'{ResourceName.Shorten(text)}' is no id of a message.", "Give one as messages have it."), e);
        }
    }
}
