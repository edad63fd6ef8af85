using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>What is asked of the platform about other functions and other running calls: see docs/worker-protocol.md.</summary>
internal static class PeerRequests
{
    /// <summary>The most messages that one request may ask for.</summary>
    public const int MostMessages = 1000;

    /// <summary>The longest wait for messages that one request may ask for.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    public static async ValueTask<FunctionAnswer> CallAsync(ICall call, string function, object? argument, bool detached, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(function);
        AnswerReader answer = await AskAsync(call, CallRequest(function, argument, detached), cancellationToken);
        var answered = new FunctionAnswer(answer.Count(), answer.Text(), answer.Bytes());
        return answered.Status < 400 ? answered : throw new FunctionFailedException(function, answered);
    }

    public static async ValueTask<MessageDelivery> SendAsync<T>(ICall call, string id, T message, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        RequestWriter request = RequestWriter.Rent();
        request.Byte(0x03);
        request.Text(id);
        request.Value(message);
        return (MessageDelivery)(await AskAsync(call, request, cancellationToken)).Byte();
    }

    public static async ValueTask<IReadOnlyList<FunctionMessage>> ReceiveAsync(
        ICall call,
        TimeSpan timeout,
        int most,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(most, MostMessages);
        long start = time.GetTimestamp();
        while (true)
        {
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? LongestWait : timeout - time.GetElapsedTime(start);
            TimeSpan wait = left < LongestWait ? left : LongestWait;
            RequestWriter request = RequestWriter.Rent();
            request.Byte(0x04);
            request.Varint((ulong)Math.Max(0, Math.Ceiling(wait.TotalMilliseconds)));
            request.Varint((ulong)most);
            AnswerReader answer = await AskAsync(call, request, cancellationToken);
            var messages = new FunctionMessage[answer.Count()];
            for (int i = 0; i < messages.Length; i++)
            {
                messages[i] = new FunctionMessage(answer.Text(), answer.Value());
            }

            if (messages.Length > 0 || (timeout != Timeout.InfiniteTimeSpan && left <= LongestWait))
            {
                return messages;
            }
        }
    }

    private static RequestWriter CallRequest(string function, object? argument, bool detached)
    {
        RequestWriter request = RequestWriter.Rent();
        request.Byte(0x02);
        request.Text(function);
        request.Varint(detached ? 1u : 0u);
        if (argument is null)
        {
            request.Varint(0);
            request.Varint(0);
            return request;
        }

        List<string> keys = StateReferenceConverter.Collect(static given => given.request.Value(given.argument), (request, argument));
        request.Varint((ulong)keys.Count);
        foreach (string key in keys)
        {
            request.Text(key);
        }

        return request;
    }

    private static async ValueTask<AnswerReader> AskAsync(ICall call, RequestWriter request, CancellationToken cancellationToken)
    {
        var answer = new AnswerReader(await call.AskAsync(request, cancellationToken));
        answer.Check();
        return answer;
    }
}
