using System.Buffers;
using Virga.Composition.Platform;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Topics;
using Virga.State.Binary;

namespace Virga.Composition.Publishing;

/// <summary>Publishes the messages of a function's request: all are begun in their order and awaited together, so that they reach the disk together.</summary>
internal sealed class MessagePublishing(ITopicPublishing topics)
{
    /// <summary>Publishes and writes, for each message, its id or why it is not published.</summary>
    /// <exception cref="ProblemException">The request holds more than it may.</exception>
    /// <exception cref="StateEncodingException">The request cannot be read.</exception>
    public async ValueTask AnswerAsync(Invocation call, ReadOnlyMemory<byte> request, IBufferWriter<byte> answer, CancellationToken cancellation)
    {
        var publications = PublishRequest.Read(request.Span);
        var publishing = new Task<string>[publications.Length];
        for (var i = 0; i < publishing.Length; i++)
        {
            publishing[i] = Begin(call, publications[i], cancellation);
        }

        // One that has failed says so in its place.
        await ((Task)Task.WhenAll(publishing)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        answer.WriteOk();
        answer.WriteVarint((ulong)publishing.Length);
        foreach (var one in publishing)
        {
            try
            {
                var id = await one;
                answer.WriteOk();
                answer.WriteText(id);
            }
            catch (ProblemException e)
            {
                answer.WriteFailedResult(e.Problem);
            }
        }
    }

    private async Task<string> Begin(Invocation call, FunctionPublication publication, CancellationToken cancellation) =>
        await topics.PublishAsync(call.Function.Name, publication, cancellation);
}
