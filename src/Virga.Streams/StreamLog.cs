using Microsoft.Extensions.Logging;
using Virga.Core.Streams;
using Virga.Topics.Messages;
using Virga.Topics.Names;

namespace Virga.Streams;

/// <summary>What streams tell the node's log.</summary>
internal static partial class StreamLog
{
    [LoggerMessage(LogLevel.Warning, "A call of the stream {Stream} failed, for the {Failures}. time: {Cause}")]
    public static partial void CallFailed(this ILogger logger, StreamName stream, int failures, string cause);

    [LoggerMessage(LogLevel.Warning, "The stream {Stream} stopped reading {Topic} and begins again: {Cause}")]
    public static partial void LaneFailed(this ILogger logger, Exception exception, StreamName stream, TopicName topic, string cause);

    [LoggerMessage(LogLevel.Error, "The stream {Stream} stopped reading {Topic} until it is changed or restarted: {Cause}")]
    public static partial void LaneStopped(this ILogger logger, StreamName stream, TopicName topic, string cause);

    [LoggerMessage(LogLevel.Warning, "The stream {Stream} puts the entry {Position} of {Topic} aside: {Cause}")]
    public static partial void EntryPutAside(this ILogger logger, StreamName stream, TopicName topic, Position position, string cause);

    [LoggerMessage(LogLevel.Information, "The stream {Stream} acknowledges {Chunks} chunks of messages of {Topic} that are not there as a whole, the first of them at {First}")]
    public static partial void ChunksGivenUp(this ILogger logger, StreamName stream, TopicName topic, int chunks, Position first);

    [LoggerMessage(LogLevel.Error, "The stream {Stream} cannot follow its topics now")]
    public static partial void FollowingFailed(this ILogger logger, Exception exception, StreamName stream);
}
