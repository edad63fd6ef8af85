namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node with functions that show what they get, and answer in many ways.</summary>
public sealed class EchoNode : VirgaNode
{
    /// <summary>How the very first call was started: <c>cold</c> or <c>warm</c>.</summary>
    public string? FirstStart { get; private set; }

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await DeployAsync("echo", Source.JavaScript(
            "export default ({ method, path, params, query, headers, body }) => ({ body: { method, path, params, query, headers, body } });"));
        await DeployAsync("teapot", Source.JavaScript("export default () => ({ status: 418, headers: { 'x-lid': 'on' }, body: 'short and stout' });"));
        await DeployAsync("events", Source.JavaScript(
            "export default () => ({ headers: { 'content-type': 'text/event-stream' }, body: count() });\nasync function* count() { for (const n of [1, 2, 3]) yield `data: ${n}\\n\\n`; }"));
        await DeployAsync("socket", Source.JavaScript(
            "export default async (event) => { const socket = event.accept(); for await (const message of socket) await socket.send('echo ' + message); };"));
        await DeployAsync("socket-python", Source.Python(
            "async def handler(event, ctx):\n    socket = event.accept()\n    async for message in socket:\n        await socket.send('echo ' + message)\n"));
        await DeployAsync("socket-csharp", Source.CSharp(
            """
            using System.Threading.Tasks;
            public static class Echo
            {
                public static async Task Handler(Event request)
                {
                    var socket = await request.AcceptWebSocketAsync();
                    await foreach (var message in socket.ReceiveAllAsync())
                    {
                        await socket.SendAsync("echo " + message.Text);
                    }
                }
            }
            """));
        await DeployAsync("injection", Source.JavaScript("export default () => ({ headers: { 'x-a': 'b\\r\\nset-cookie: c' }, body: '' });"));
        await DeployAsync("trace", Source.JavaScript("export default (event, ctx) => ctx.traceparent;"));
        await DeployAsync("held", HeldCall.Function("done"), HeldCall.Settings);
        await RouteAsync("GET", "/users/{id}", "echo");
        await RouteAsync("GET", "/files/{*rest}", "echo");
        FirstStart = (await GetAsync("/f/echo")).Header("Virga-Start");
    }
}
