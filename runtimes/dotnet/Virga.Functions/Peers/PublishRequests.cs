using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>What is asked of the platform about topics: see docs/worker-protocol.md.</summary>
internal static class PublishRequests
{
    private const byte Publish = 0x05;

    /// <summary>Most messages in one request, and bytes of them unless one alone has more.</summary>
    private const int MostMessages = 1000;
    private const int MostBytes = 1 << 20;

    public static async ValueTask<string> PublishAsync<T>(ICall call, string topic, T message, PublishOptions options, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        RequestWriter request = RequestWriter.Rent();
        request.Byte(Publish);
        request.Varint(1);
        Write(request, topic, message, options);
        var ids = new List<string>(1);
        Read(await call.AskAsync(request, cancellationToken), ids);
        return ids[0];
    }

    public static async ValueTask<IReadOnlyList<string>> PublishManyAsync<T>(ICall call, string topic, IEnumerable<Publication<T>> messages, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        ArgumentNullException.ThrowIfNull(messages);
        var asking = new List<Task<ReadOnlyMemory<byte>>>();
        RequestWriter? body = null;
        int count = 0;
        foreach (Publication<T> message in messages)
        {
            body ??= RequestWriter.Rent();
            Write(body, topic, message.Message, message.Options ?? PublishOptions.None);
            if (++count >= MostMessages || body.Length > MostBytes)
            {
                asking.Add(Ask(call, body, count, cancellationToken));
                (body, count) = (null, 0);
            }
        }

        if (body is not null)
        {
            asking.Add(Ask(call, body, count, cancellationToken));
        }

        var ids = new List<string>();
        foreach (ReadOnlyMemory<byte> answer in await Task.WhenAll(asking))
        {
            Read(answer, ids);
        }

        return ids;
    }

    private static Task<ReadOnlyMemory<byte>> Ask(ICall call, RequestWriter body, int count, CancellationToken cancellationToken)
    {
        // The number of messages stands before them and is known afterwards only.
        RequestWriter request = RequestWriter.Rent();
        request.Byte(Publish);
        request.Varint((ulong)count);
        request.Raw(body.Written);
        body.Return();
        return call.AskAsync(request, cancellationToken).AsTask();
    }

    private static void Write<T>(RequestWriter request, string topic, T message, PublishOptions options)
    {
        request.Text(topic);
        request.Byte((byte)(
            (options.Key is null ? 0 : 1)
            | (options.Properties.Count == 0 ? 0 : 2)
            | (options.EventTime is null ? 0 : 4)
            | (options.DeliverAfter is null ? 0 : 8)
            | (options.SequenceId is null ? 0 : 16)
            | (options.Producer is null ? 0 : 32)));
        request.Value(message);
        if (options.Key is { } key)
        {
            request.Text(key);
        }

        if (options.Properties.Count > 0)
        {
            request.Varint((ulong)options.Properties.Count);
            foreach ((string name, string value) in options.Properties)
            {
                request.Text(name);
                request.Text(value);
            }
        }

        if (options.EventTime is { } time)
        {
            request.Varint(Whole(time.ToUnixTimeMilliseconds(), nameof(PublishOptions.EventTime)));
        }

        if (options.DeliverAfter is { } delay)
        {
            request.Varint(Whole((long)Math.Ceiling(delay.TotalMilliseconds), nameof(PublishOptions.DeliverAfter)));
        }

        if (options.SequenceId is { } sequence)
        {
            request.Varint(Whole(sequence, nameof(PublishOptions.SequenceId)));
        }

        if (options.Producer is { } producer)
        {
            request.Text(producer);
        }
    }

    private static ulong Whole(long number, string what)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number, what);
        return (ulong)number;
    }

    private static void Read(ReadOnlyMemory<byte> answer, List<string> ids)
    {
        var reader = new AnswerReader(answer);
        reader.Check();
        for (int left = reader.Count(); left > 0; left--)
        {
            if (reader.ProblemOfResult() is { } problem)
            {
                throw problem;
            }

            ids.Add(reader.Text());
        }
    }
}
