using System.Diagnostics;
using System.Text.Json;

namespace Virga.Worker.Tests;

/// <summary>Functions in a temporary folder, compiled by the real compiler process.</summary>
public class CompiledFunctions : IAsyncLifetime
{
    private const string Source =
        """
        public static class Hello
        {
            public static object Handler(Event request, Context context) =>
                new { message = $"Hello, {request.Query["name"] ?? "world"}!", id = request.Params["id"], context.InvocationId };

            public static Response Create(Order order) => Response.Json(new { order.Name, Total = order.Count * 2 }, 201);

            public static object Throws() =>
                throw new InvalidOperationException("boom");

            public static object Loop() { var list = new List<object>(); list.Add(list); return list; }

            public static object BadHeader() => new Response { Headers = { ["x"] = "a\r\nb" } };
            public static object BadStatus() => new Response { Status = 103 };

            public static string Prints() { Console.WriteLine("one"); Console.Write("two"); return "printed"; }

            public static object Blocks(CancellationToken cancellation)
            {
                cancellation.WaitHandle.WaitOne();
                cancellation.ThrowIfCancellationRequested();
                return 1;
            }

            public static async IAsyncEnumerable<string> Streams() { yield return "a"; await Task.Yield(); yield return "b"; }

            public static object Large() => new string('x', 100_000);

            public static async Task<object> Echoes(Event request)
            {
                var socket = await request.AcceptWebSocketAsync();
                await foreach (var message in socket.ReceiveAllAsync())
                {
                    await socket.SendAsync("echo " + message.Text);
                }

                return null!;
            }

            public static async Task<object> Counts(Event request)
            {
                var buffer = new byte[64 * 1024];
                long total = 0;
                for (int n; (n = await request.Stream.ReadAsync(buffer)) > 0;) { total += n; }
                return total;
            }

            public static int Length(Event request) => request.Bytes.Length;

            public static object? WhatBody(Event request) => request.Body;

            public sealed record Order(string Name, int Count);
        }
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("virga-worker-tests-");
    private readonly string source;
    private Process compiler = null!;

    public CompiledFunctions()
        : this(Source)
    {
    }

    private protected CompiledFunctions(string source) => this.source = source;

    public string Root => Path.Combine(folder.FullName, "out");

    public async ValueTask InitializeAsync()
    {
        compiler = BuiltPrograms.StartCompiler();
        JsonElement result = await CompileAsync(source, Root);
        result.GetProperty("ok").GetBoolean().ShouldBeTrue(result.ToString());
    }

    public async Task<JsonElement> CompileAsync(string source, string output)
    {
        DirectoryInfo sources = folder.CreateSubdirectory(Guid.NewGuid().ToString("n"));
        await File.WriteAllTextAsync(Path.Combine(sources.FullName, "Hello.cs"), source);
        var request = new { id = 1, source = sources.FullName, output, assemblyName = "function" };
        await compiler.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request));
        await compiler.StandardInput.FlushAsync();
        string line = await compiler.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException("The compiler ended.");
        return JsonDocument.Parse(line).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        compiler.StandardInput.Close();
        await compiler.WaitForExitAsync();
        compiler.ExitCode.ShouldBe(0);
        compiler.Dispose();
        folder.Delete(recursive: true);
    }
}
