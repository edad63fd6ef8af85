using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Virga.Worker.Tests;

/// <summary>The node's half of the protocol, over the real worker's standard streams.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    /// <summary>The limit that the worker is told, in bytes.</summary>
    public const int Memory = 4_000_000;

    private readonly Process process = BuiltPrograms.StartWorker();

    private RunningWorker()
    {
    }

    /// <summary>A worker that has said hello and was specialised.</summary>
    public static async Task<RunningWorker> StartAsync(string root, string handler, int concurrency = 1, string requestBody = "buffered", bool snapshot = false)
    {
        RunningWorker worker = await StartGenericAsync();
        Reply loaded = await worker.SpecialiseAsync(root, handler, concurrency, requestBody, snapshot);
        loaded.Header.GetProperty("ok").GetBoolean().ShouldBeTrue(loaded.Header.ToString());
        return worker;
    }

    public static async Task<RunningWorker> StartGenericAsync()
    {
        var worker = new RunningWorker();
        (await worker.ReceiveAsync()).Kind.ShouldBe((byte)0x01);
        return worker;
    }

    public async Task<Reply> SpecialiseAsync(string root, string handler, int concurrency = 1, string requestBody = "buffered", bool snapshot = false)
    {
        await SendAsync(0x02, 0, new
        {
            tenant = "default",
            @namespace = "default",
            function = "hello",
            version = 1,
            root,
            handler,
            concurrency,
            requestBody,
            snapshot,
            memory = Memory,
            node = "n1",
        });
        return await ReceiveAsync();
    }

    public Task CallAsync(uint call, string? body = null, string contentType = "application/json", params string[] references) => SendAsync(
        0x10,
        call,
        new
        {
            id = "c" + call,
            trigger = "http",
            method = "POST",
            path = "/",
            query = "name=Ann",
            @params = new { id = "7" },
            headers = new[] { new[] { "content-type", contentType } },
            body = body is null ? "none" : "inline",
            references,
        },
        Encoding.UTF8.GetBytes(body ?? string.Empty));

    public async Task SendAsync(byte kind, uint call, object? header = null, byte[]? body = null)
    {
        byte[] json = header is null ? [] : JsonSerializer.SerializeToUtf8Bytes(header);
        byte[] frame = new byte[13 + json.Length + (body?.Length ?? 0)];
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - 4);
        frame[4] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(5), call);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(9), json.Length);
        json.CopyTo(frame, 13);
        body?.CopyTo(frame, 13 + json.Length);
        await process.StandardInput.BaseStream.WriteAsync(frame, TestContext.Current.CancellationToken);
        await process.StandardInput.BaseStream.FlushAsync(TestContext.Current.CancellationToken);
    }

    public async Task<Reply> ReceiveAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        Stream stream = process.StandardOutput.BaseStream;
        byte[] head = new byte[13];
        await stream.ReadExactlyAsync(head, patience.Token);
        byte[] rest = new byte[BinaryPrimitives.ReadInt32LittleEndian(head) - 9];
        await stream.ReadExactlyAsync(rest, patience.Token);
        int headerLength = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(9));
        JsonElement header = headerLength == 0 ? default : JsonDocument.Parse(rest.AsMemory(0, headerLength)).RootElement;
        return new Reply(head[4], BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(5)), header, rest[headerLength..]);
    }

    /// <summary>The exit code, once the worker has ended.</summary>
    public async Task<int> ExitAsync()
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    public void CloseChannel() => process.StandardInput.Close();

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    internal sealed record Reply(byte Kind, uint Call, JsonElement Header, byte[] Body)
    {
        public string Text => Encoding.UTF8.GetString(Body);
    }
}
