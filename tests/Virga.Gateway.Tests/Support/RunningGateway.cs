using System.Net;
using System.Net.Sockets;
using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Routing;
using Virga.Gateway.Routing;

namespace Virga.Gateway.Tests.Support;

/// <summary>A gateway on a port of its own, in front of functions that a test writes as lambdas.</summary>
internal sealed class RunningGateway : IInvoker, IFunctionCatalog, IAsyncDisposable
{
    public delegate ValueTask<InvocationResult> Function(Invocation invocation, CancellationToken cancellation);

    private readonly Dictionary<(FunctionName Name, string? Qualifier), (FunctionVersion Version, Function Body)> _functions = [];
    private readonly GatewayServer _server;

    private RunningGateway(GatewayOptions options)
    {
        _server = new GatewayServer(this, this, Routes, TimeProvider.System, new TestLog(), options);
    }

    public RouteTable Routes { get; } = new();

    public Uri Address { get; private set; } = new("http://unbound");

    public HttpClient Client { get; private set; } = new();

    public GatewayServer Server => _server;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RunningGateway> StartAsync(GatewayOptions? options = null)
    {
        var gateway = new RunningGateway((options ?? new GatewayOptions()) with { Endpoint = new IPEndPoint(IPAddress.Loopback, 0) });
        gateway.Address = await gateway._server.StartAsync(Cancellation);
        gateway.Client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = gateway.Address,
        };
        return gateway;
    }

    public RunningGateway With(string name, Function body, string? qualifier = null, string tenant = "default", string @namespace = "default", RequestBodyMode requestBody = RequestBodyMode.Buffered)
    {
        var functionName = new FunctionName(ResourceName.Parse(tenant), ResourceName.Parse(@namespace), ResourceName.Parse(name));
        var spec = new FunctionSpec { Environment = "node", Package = "sha256:" + new string('0', 64), RequestBody = requestBody };
        _functions[(functionName, qualifier)] = (new FunctionVersion { Name = functionName, Version = 1, Spec = spec, BuiltPackage = spec.Package }, body);
        return this;
    }

    public RunningGateway With(string name, Func<Invocation, InvocationResult> body, string? qualifier = null, string tenant = "default", string @namespace = "default") =>
        With(name, (invocation, _) => ValueTask.FromResult(body(invocation)), qualifier, tenant, @namespace);

    public RunningGateway Route(string methods, string path, string function, string? host = null, CorsSpec? cors = null)
    {
        Routes.Put(TestRoutes.Make(methods, path, function, host, cors));
        return this;
    }

    /// <summary>Sends bytes as they are and gives all that comes back until the server closes.</summary>
    public async Task<string> SendRawAsync(string request)
    {
        using var client = await ConnectAsync();
        await client.SendAsync(Encoding.Latin1.GetBytes(request), Cancellation);
        return await ReadAllAsync(client);
    }

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Address.Host, Address.Port, Cancellation);
        return socket;
    }

    public static async Task<string> ReadAllAsync(Socket socket)
    {
        var all = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer, Cancellation)) > 0)
            {
                all.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // A reset ends what there is to read as well.
        }

        return Encoding.Latin1.GetString(all.ToArray());
    }

    public ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        foreach (var (version, body) in _functions.Values)
        {
            if (ReferenceEquals(version, invocation.Function))
            {
                return body(invocation, cancellation);
            }
        }

        throw new InvalidOperationException("The gateway invoked a function that the catalog did not give it.");
    }

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) =>
        ValueTask.FromResult(_functions.TryGetValue((name, qualifier), out var function) ? function.Version : null);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }
}
