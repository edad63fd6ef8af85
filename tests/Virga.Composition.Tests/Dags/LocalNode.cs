using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Virga.Composition.Dags;
using Virga.Composition.Dags.Plans;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Names;
using Virga.Core.Nodes;
using Virga.Core.Resources;
using Virga.State;

namespace Virga.Composition.Tests.Dags;

/// <summary>A node alone, whose functions a test writes as lambdas.</summary>
internal sealed class LocalNode : IInvoker, IFunctionCatalog, IAsyncDisposable
{
    public delegate ValueTask<InvocationResult> Function(string body, Invocation invocation, CancellationToken cancellation);

    private readonly Dictionary<string, (FunctionVersion Version, Function Body)> _functions = new(StringComparer.Ordinal);
    private int _open;

    public LocalNode(StateEngine? state = null) => Engine = new DagEngine(Dags, this, this, new SingleNodeLink(NodeName.Single), state, new DagPlacementPolicy(), TimeProvider.System, NullLoggerFactory.Instance);

    public TestDags Dags { get; } = new();

    public DagEngine Engine { get; }

    /// <summary>Answers that nobody has given back.</summary>
    public int Open => Volatile.Read(ref _open);

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public LocalNode With(string name, Func<string, string> body) => With(name, (text, _, _) => ValueTask.FromResult(Answer(body(text))));

    public LocalNode With(string name, Function body)
    {
        var function = new FunctionName(ResourceName.Default, ResourceName.Default, ResourceName.Parse(name));
        _functions[name] = (new FunctionVersion { Name = function, Version = 1, Spec = new FunctionSpec { Environment = "node", Package = "" }, BuiltPackage = "" }, body);
        return this;
    }

    public LocalNode Dag(string name, string spec)
    {
        Dags.Add(name, spec);
        return this;
    }

    public void Without(string function) => _functions.Remove(function);

    public InvocationResult Answer(string body, int status = 200, string? contentType = null) => new ScriptedResult(body, count => Interlocked.Add(ref _open, count), status, contentType);

    public async Task<(InvocationResult Result, string Body)> RunAsync(string dag, string input, CancellationToken? cancellation = null)
    {
        var result = await Engine.InvokeAsync(Call(dag, input), cancellation ?? Cancellation);
        var body = Encoding.UTF8.GetString(result.Body.Span);
        await result.DisposeAsync();
        return (result, body);
    }

    public static DagCall Call(string dag, string input) => new()
    {
        Id = InvocationId.New(TimeProvider.System),
        Dag = TestDags.Name(dag),
        Body = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(input)),
        ReceivedAt = TimeProvider.System.GetTimestamp(),
    };

    public async ValueTask<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellation)
    {
        var body = invocation.Body.ToArray();
        if (invocation.BodyStream is { } stream)
        {
            using var memory = new MemoryStream();
            await stream.CopyToAsync(memory, cancellation);
            body = memory.ToArray();
        }

        return await _functions[invocation.Function.Name.Name.Value].Body(Encoding.UTF8.GetString(body), invocation, cancellation);
    }

    public ValueTask<FunctionVersion?> ResolveAsync(FunctionName name, string? qualifier, double draw, CancellationToken cancellation) =>
        ValueTask.FromResult(_functions.TryGetValue(name.Name.Value, out var function) ? function.Version : null);

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    public static string HeadersOf(Invocation invocation)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            invocation.Headers?.WriteHeaders(writer);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
