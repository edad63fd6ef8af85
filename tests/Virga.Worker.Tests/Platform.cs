using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Virga.Worker.Tests;

/// <summary>What the node answers to functions that ask: requests taken apart, answers put together, as docs/worker-protocol.md has them.</summary>
internal static class Platform
{
    public static readonly byte[] NoKey = [0, 0];
    public static readonly byte[] Unchanged = [0, 2];

    private const int Prefix = 5;

    internal sealed record Request(uint Call, uint Id, byte[] Body);

    /// <summary>The next request, which must be the next thing that the worker says.</summary>
    public static async Task<Request> AskAsync(this RunningWorker worker)
    {
        byte[] body = [];
        while (true)
        {
            RunningWorker.Reply frame = await worker.ReceiveAsync();
            frame.Kind.ShouldBe((byte)0x20, frame.Text);
            body = [.. body, .. frame.Body.AsSpan(Prefix)];
            if (frame.Body[4] == 0)
            {
                return new Request(frame.Call, BinaryPrimitives.ReadUInt32LittleEndian(frame.Body), body);
            }
        }
    }

    /// <summary>Takes the next request, of state commands, and answers it with these results.</summary>
    public static async Task<Request> RespondAsync(this RunningWorker worker, params byte[][] results)
    {
        Request request = await worker.AskAsync();
        await worker.AnswerAsync(request, [(byte)results.Length, .. results.SelectMany(result => result)]);
        return request;
    }

    /// <summary>Answers with success, in as many frames as it takes.</summary>
    public static Task AnswerAsync(this RunningWorker worker, Request request, byte[] answer) => SendAsync(worker, request, [0, .. answer]);

    /// <summary>Answers with a problem.</summary>
    public static Task RefuseAsync(this RunningWorker worker, Request request, string slug, int status) => SendAsync(worker, request, [1, .. Problem(slug, status)]);

    public static byte[] Varint(long number)
    {
        var bytes = new List<byte>();
        for (; number >= 0x80; number >>= 7)
        {
            bytes.Add((byte)(number | 0x80));
        }

        return [.. bytes, (byte)number];
    }

    public static byte[] Text(string text) => [.. Varint(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    /// <summary>A value with its length: tag 0 for bytes, 1 for JSON, 2 for text.</summary>
    public static byte[] Value(byte tag, byte[] content) => [.. Varint(content.Length + 1), tag, .. content];

    public static byte[] Json(string json) => Value(1, Encoding.UTF8.GetBytes(json));

    public static byte[] Version(byte number) => [number, .. new byte[15]];

    /// <summary>The result of a get: the value and its version.</summary>
    public static byte[] Found(byte[] value, byte version = 1) => [0, 1, .. Version(version), .. value];

    /// <summary>The result of a command that has failed.</summary>
    public static byte[] Refused(string slug, int status)
    {
        byte[] problem = Problem(slug, status);
        return [1, .. Varint(problem.Length), .. problem];
    }

    private static byte[] Problem(string slug, int status) =>
        JsonSerializer.SerializeToUtf8Bytes(new { type = "urn:virga:problem:" + slug, title = slug, status, detail = "No.", fix = "Wait." });

    private static async Task SendAsync(RunningWorker worker, Request request, byte[] answer)
    {
        const int piece = (256 * 1024) - Prefix;
        for (int start = 0; start < answer.Length; start += piece)
        {
            bool more = start + piece < answer.Length;
            byte[] head = new byte[Prefix];
            BinaryPrimitives.WriteUInt32LittleEndian(head, request.Id);
            head[4] = more ? (byte)1 : (byte)0;
            await worker.SendAsync(0x21, request.Call, body: [.. head, .. answer.AsSpan(start, Math.Min(piece, answer.Length - start))]);
        }
    }
}
